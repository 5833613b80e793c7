package import HubProtocol
import HubServer
package import NIOCore
import Synchronization

extension HubTestClient {
    /// How long a test waits for anything by itself.
    public static var timeout: Duration { .seconds(10) }

    /// Invokes a method and waits for its result.
    ///
    /// - Throws: ``HubTestError/invocationFailed(_:)`` with the text of the hub's error.
    public func invoke<each Argument: Encodable, Result: Decodable>(
        _ target: String, _ arguments: repeat each Argument, uploads: [HubTestUpload] = [], returning type: Result.Type
    ) async throws -> Result {
        let id = try await begin(target, try encode(repeat each arguments), uploads: uploads, asStream: false)
        guard let result = try await completion(of: id) else { throw HubTestError.timeout }
        return try ReceivedValue(result, encoding).decode(as: type)
    }

    /// Invokes a method and waits until it has returned.
    ///
    /// - Throws: ``HubTestError/invocationFailed(_:)`` with the text of the hub's error.
    public func invoke<each Argument: Encodable>(_ target: String, _ arguments: repeat each Argument) async throws {
        let id = try await begin(target, try encode(repeat each arguments), asStream: false)
        _ = try await completion(of: id)
    }

    /// Invokes a streaming method and collects what it streams.
    ///
    /// - Throws: ``HubTestError/invocationFailed(_:)`` with the text of the hub's error.
    public func stream<each Argument: Encodable, Element: Decodable>(
        _ target: String, _ arguments: repeat each Argument, uploads: [HubTestUpload] = [], of type: Element.Type
    ) async throws -> [Element] {
        let id = try await begin(target, try encode(repeat each arguments), uploads: uploads, asStream: true)
        _ = try await completion(of: id)
        var elements: [Element] = []
        for case .streamItem(let message) in inbox.messages where message.invocationID == id {
            elements.append(try ReceivedValue(message.item, encoding).decode(as: type))
        }
        return elements
    }

    /// Invokes a method and does not ask for an answer.
    public func send<each Argument: Encodable>(_ target: String, _ arguments: repeat each Argument) async throws {
        let message = InvocationMessage(target: target, arguments: try encode(repeat each arguments))
        try await send(.invocation(message))
    }

    /// A new stream, to be sent along with an invocation.
    public func upload() -> HubTestUpload { HubTestUpload(id: nextID(), client: self) }

    /// The next call of a method of this client by the hub; waits for it.
    public func next(_ target: String) async throws -> HubTestInvocation {
        let message = try await inbox.take(within: Self.timeout) { message in
            if case .invocation(let invocation) = message { invocation.target == target } else { false }
        }
        guard case .invocation(let invocation) = message else { throw HubTestError.timeout }
        return HubTestInvocation(invocation, encoding)
    }

    /// Answers an invocation of the hub's with a result.
    public func answer(_ invocation: HubTestInvocation, with result: some Encodable) async throws {
        try await answer(invocation, .result(try encode(result)))
    }

    /// Answers an invocation of the hub's with an error.
    public func answer(_ invocation: HubTestInvocation, error: String) async throws {
        try await answer(invocation, .error(error))
    }

    private func answer(_ invocation: HubTestInvocation, _ outcome: CompletionMessage.Outcome) async throws {
        guard let id = invocation.id else { return }
        try await send(.completion(CompletionMessage(invocationID: id, outcome: outcome)))
    }

    /// The hub's Close message; waits for it.
    package func close() async throws -> CloseMessage {
        let message = try await inbox.take(within: Self.timeout) { message in
            if case .close = message { true } else { false }
        }
        guard case .close(let close) = message else { throw HubTestError.timeout }
        return close
    }
}

extension HubTestClient {
    /// Sends an invocation under a new id.
    package func begin(
        _ target: String, _ arguments: [ByteBuffer], uploads: [HubTestUpload] = [], asStream: Bool
    ) async throws -> String {
        let id = nextID()
        let message = InvocationMessage(
            invocationID: id, target: target, arguments: arguments, streamIDs: uploads.map(\.id))
        try await send(asStream ? .streamInvocation(message) : .invocation(message))
        return id
    }

    /// Invocations and uploads take their ids from one counter, as JavaScript's client has it.
    func nextID() -> String { String(lastInvocation.add(1, ordering: .relaxed).newValue) }

    /// The result of an invocation, nil where it has none.
    package func completion(of id: String) async throws -> ByteBuffer? {
        let message = try await inbox.take(within: Self.timeout) { message in
            if case .completion(let completion) = message { completion.invocationID == id } else { false }
        }
        guard case .completion(let completion) = message else { throw HubTestError.timeout }
        switch completion.outcome {
        case .error(let error): throw HubTestError.invocationFailed(error)
        case .result(let result): return result
        case .void, .streamEnd: return nil
        }
    }

    private func encode<each Argument: Encodable>(_ arguments: repeat each Argument) throws -> [ByteBuffer] {
        var encoded: [ByteBuffer] = []
        for argument in repeat each arguments { encoded.append(try encode(argument)) }
        return encoded
    }

    func encode(_ value: some Encodable) throws -> ByteBuffer { try encoding.bytes(of: HubValue(encoding: value)) }
}
