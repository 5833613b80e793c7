/// A model that needs no network and no key: it tells what Hubbub does, in Markdown and at the pace of a real model.
///
/// A prompt with the word `code`, `list` or `long` gets a reply that shows code, a list, or more than twenty seconds of text; any
/// other prompt gets a short answer that quotes its beginning.
public struct DemoModel: ChatModel {
    private let wordsPerSecond: Double

    /// - Parameter wordsPerSecond: The average pace; single words come up to half an interval early or late.
    public init(wordsPerSecond: Double = 40) {
        self.wordsPerSecond = wordsPerSecond
    }

    public func reply(
        to request: ChatRequest, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        for word in Words(DemoReply.text(for: request.prompt)) {
            try await Task.sleep(for: .seconds(Double.random(in: 0.5...1.5) / wordsPerSecond))
            try await receive(.text(word))
        }
        return ChatReplyEnd(finish: .stop)
    }
}
