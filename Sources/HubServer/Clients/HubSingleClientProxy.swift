import HubProtocol

/// One client: it can be sent to like others, and asked for a result.
public struct HubSingleClientProxy: Sendable {
    private let destination: HubDestination
    private let connectionID: String
    private let endpoint: HubEndpoint
    private let context: HubContext?

    /// - Parameter context: Of the hub's method, or callback, that it is used in.
    init(
        _ destination: HubDestination, _ connectionID: String, of endpoint: HubEndpoint, in context: HubContext? = nil
    ) {
        self.destination = destination
        self.connectionID = connectionID
        self.endpoint = endpoint
        self.context = context
    }

    /// Calls a method on the client and does not wait for an answer, see ``HubClientProxy/send(_:_:)``.
    public func send<each Argument: Encodable & Sendable>(
        _ target: String, _ arguments: repeat each Argument
    ) async throws {
        try await HubClientProxy(destination, of: endpoint).send(target, repeat each arguments)
    }

    /// Calls a method on the client, on whichever node it is connected, and waits for its result.
    ///
    /// ```swift
    /// let name: String = try await context.clients.client(id).invoke("AskName", "Who are you?")
    /// ```
    ///
    /// A hub method that waits takes none of its client's places (``HubOptions/maximumParallelInvocationsPerClient``) from
    /// then on, so that the client can invoke what it needs for its answer. Inside `onConnected` the connecting client itself
    /// cannot be asked: nothing that it sends is read before that has returned; inside `onDisconnected` nobody can.
    ///
    /// - Parameters:
    ///   - target: The method's name on the client, which must have exactly one handler for it.
    ///   - arguments: The method's arguments.
    ///   - type: What the result is decoded as.
    ///   - timeout: How long to wait; ``HubOptions/clientResultTimeout`` where it is not given.
    /// - Throws: ``HubError`` with the client's words when it answers with an error, ``HubClientResultError`` when no result
    ///   came in time, at once when the connection or its node is gone, or when the task is cancelled; `EncodingError` when
    ///   an argument cannot be encoded.
    public func invoke<each Argument: Encodable & Sendable, Result: Decodable & Sendable>(
        _ target: String, _ arguments: repeat each Argument, returning type: Result.Type = Result.self,
        timeout: Duration? = nil
    ) async throws -> Result {
        try checkContext()
        var values: [HubValue] = []
        for argument in repeat each arguments { values.append(try HubValue(encoding: argument)) }
        let message = try SharedMessage(target: target, values)
        if let context, case .invocation(let number) = context.occasion { context.connection.releasePlace(of: number) }
        let timeout = timeout ?? endpoint.options.clientResultTimeout
        return try result(of: await endpoint.ask(connectionID, message, timeout: timeout), as: type)
    }

    private func checkContext() throws {
        switch context?.occasion {
        case .disconnected: throw HubClientResultError.notAllowedInOnDisconnected
        case .connected where context?.connectionID == connectionID:
            throw HubClientResultError.notAllowedInOnConnected
        case .connected, .invocation, nil: break
        }
    }

    private func result<Result: Decodable>(of answer: ClientAnswer, as type: Result.Type) throws -> Result {
        switch answer {
        case .result(let value):
            do {
                return try value.decode(as: type)
            } catch {
                throw HubClientResultError.notDecodable(as: type)
            }
        case .error(let text): throw HubError(text)
        case .notFound: throw HubClientResultError.connectionDoesNotExist(connectionID)
        case .disconnected: throw HubClientResultError.connectionDisconnected(connectionID)
        case .canceled: throw HubClientResultError.canceled
        case .tooMany: throw HubClientResultError.tooManyInvocations(connectionID)
        case .unavailable: throw HubClientResultError.unavailable(connectionID)
        }
    }
}
