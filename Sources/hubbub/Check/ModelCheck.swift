import ChatModels

/// The model, with the content filters around it, asked to say a word.
struct ModelCheck {
    private static let deadline = Duration.seconds(60)

    let model: any ChatModel
    /// Whether the node produces replies.
    let isAsked: Bool

    func run(_ findings: inout CheckFindings) async {
        guard isAsked else { return findings.add(.ok, "model", "other nodes produce replies") }
        let metadata = model.metadata
        let names = metadata.serverAddress == nil ? ["built in"] : [metadata.provider, metadata.defaultModelID]
        let (outcome, text) = await ask()
        findings.add(outcome, "model", "\(names.compactMap(\.self).joined(separator: " ")): \(text)")
    }

    private func ask() async -> (outcome: CheckFindings.Outcome, text: String) {
        let request = ChatRequest(messages: [ChatMessage(role: .user, text: "Say OK.")])
        do {
            return try await withDeadline(Self.deadline) { [model] in
                let begin = ContinuousClock.now
                _ = try await model.reply(to: request) { _ in throw Answered(after: .now - begin) }
                return (.warning, "it answers, but with nothing")
            }
        } catch let answered as Answered {
            return (.ok, "begins to answer after \(answered.after.inMilliseconds)")
        } catch let error as ChatModelError {
            return (.failed, "\(error)")
        } catch {
            return (.failed, "no answer within \(Self.deadline)")
        }
    }

    /// The model has begun: nobody wants the rest.
    private struct Answered: Error {
        let after: Duration
    }
}
