import HubProtocol
import NIOCore

extension HubConnection {
    /// Runs an invocation's method.
    ///
    /// - Returns: The answer for the client, where it wants one.
    func perform(_ invocation: Invocation) async -> ByteBuffer? {
        let completion: CompletionMessage.Outcome
        var result: HubValue?
        var metric = InvocationMetrics.Outcome.completed
        do {
            // One that was cancelled while it waited is not called. A stream never waits: its method learns of it, as clients
            // that cancel at once expect.
            if !invocation.method.isStream { try Task.checkCancellation() }
            result = try await call(invocation)
            completion = invocation.method.isStream ? .streamEnd : .void
        } catch {
            metric = Task.isCancelled ? .canceled : .failed
            completion = outcome(of: invocation, failedWith: error)
        }
        endpoint.metrics.ended(invocation.method.name, metric)
        guard let id = invocation.message.invocationID else { return nil }
        return answer(to: invocation, id: id, completion, result: result)
    }

    private func call(_ invocation: Invocation) async throws -> HubValue? {
        let context = HubContext(connection: self, during: .invocation(invocation.number))
        try await authorize(invocation, context)
        if let filters = endpoint.filters { return try await call(invocation, context, within: filters) }
        return try await run(invocation, invocation.message.arguments, context)
    }

    /// Calls the method.
    ///
    /// - Parameter filter: What becomes of the items of its stream.
    func run(
        _ invocation: Invocation, _ arguments: [ByteBuffer], _ context: HubContext,
        filter: HubStreamWriter.Filter? = nil
    ) async throws -> HubValue? {
        let method = invocation.method
        let binder = try HubArgumentBinder(
            arguments, uploads: invocation.uploads, encoding, for: method.parameters)
        switch method.body {
        case .single(let call):
            return try await call(context, binder)
        case .stream(let call):
            guard let id = invocation.message.invocationID else { return nil }
            try await call(context, binder, HubStreamWriter(connection: self, invocationID: id, filter: filter))
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
        to invocation: Invocation, id: String, _ outcome: CompletionMessage.Outcome, result: HubValue?
    ) -> ByteBuffer {
        guard let result else { return completion(of: id, outcome) }
        do {
            return try encoding.completion(of: id, with: result)
        } catch {
            endpoint.logFailure(of: invocation.method.name, error)
            let detail = HubErrorText.Detail(error, options: endpoint.options)
            return completion(of: id, .error(HubErrorText.methodFailed(invocation.message.target, detail)))
        }
    }
}

extension HubConnection {
    func completion(of invocationID: String, _ outcome: CompletionMessage.Outcome) -> ByteBuffer {
        framed(.completion(CompletionMessage(invocationID: invocationID, outcome: outcome)))
    }

    /// A message as it goes out to the client.
    func framed(_ message: HubMessage) -> ByteBuffer { Self.framed(message, encoding) }

    static func framed(_ message: HubMessage, _ encoding: HubEncoding) -> ByteBuffer {
        var bytes = ByteBuffer()
        encoding.write(message, into: &bytes)
        return bytes
    }
}
