import HubProtocol
import NIOCore

extension HubConnection {
    /// Runs an invocation's method and answers the client.
    func perform(_ invocation: Invocation) async {
        let completion: CompletionMessage.Outcome
        var result: (any Encodable & Sendable)?
        do {
            try Task.checkCancellation()
            result = try await call(invocation)
            completion = invocation.method.isStream ? .streamEnd : .void
        } catch {
            completion = outcome(of: invocation, failedWith: error)
        }
        guard let id = invocation.message.invocationID else { return }
        answer(invocation, id: id, completion, result: result)
    }

    private func call(_ invocation: Invocation) async throws -> (any Encodable & Sendable)? {
        let context = HubContext(connection: self)
        let method = invocation.method
        try await authorize(invocation, context)
        let binder = try HubArgumentBinder(invocation.message.arguments, for: method.parameters)
        switch method.body {
        case .single(let call):
            return try await call(context, binder)
        case .stream(let call):
            guard let id = invocation.message.invocationID else { return nil }
            try await call(context, binder, HubStreamWriter(connection: self, invocationID: id))
            return nil
        }
    }

    private func outcome(of invocation: Invocation, failedWith error: any Error) -> CompletionMessage.Outcome {
        let target = invocation.message.target
        let options = endpoint.options
        if invocation.method.isStream, Task.isCancelled { return .streamEnd }
        switch error {
        case is HubUnauthorizedError:
            return .error(HubErrorText.unauthorized(target))
        case let error as HubBindingError:
            return .error(HubErrorText.failedToInvoke(target, HubErrorText.Detail(error, options: options)))
        case let error as HubStreamError:
            endpoint.logFailure(of: invocation.method.name, error.underlying)
            return .error(HubErrorText.streamFailed(HubErrorText.Detail(error.underlying, options: options)))
        default:
            endpoint.logFailure(of: invocation.method.name, error)
            return .error(HubErrorText.methodFailed(target, HubErrorText.Detail(error, options: options)))
        }
    }

    private func answer(
        _ invocation: Invocation, id: String, _ outcome: CompletionMessage.Outcome, result: (any Encodable & Sendable)?
    ) {
        var bytes = ByteBuffer()
        if let result {
            do {
                try JSONHubProtocol.writeCompletion(invocationID: id, into: &bytes) { writer throws in
                    try writer.value(result)
                }
                return enqueue(bytes)
            } catch {
                endpoint.logFailure(of: invocation.method.name, error)
                let detail = HubErrorText.Detail(error, options: endpoint.options)
                return complete(id, .error(HubErrorText.methodFailed(invocation.message.target, detail)))
            }
        }
        complete(id, outcome)
    }

    func complete(_ invocationID: String, _ outcome: CompletionMessage.Outcome) {
        var bytes = ByteBuffer()
        JSONHubProtocol.write(
            .completion(CompletionMessage(invocationID: invocationID, outcome: outcome)), into: &bytes)
        enqueue(bytes)
    }
}
