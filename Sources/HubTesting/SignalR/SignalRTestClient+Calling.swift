import HubProtocol
import NIOCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension SignalRTestClient {
    /// Invokes a method and waits for its result.
    ///
    /// - Throws: ``InvocationFailed`` with the server's error text.
    public func invoke<each Argument: Encodable & Sendable, Result: Decodable>(
        _ target: String, _ argument: repeat each Argument, returning type: Result.Type
    ) async throws -> Result {
        let id = begin()
        try await call(1, target, id: id, repeat each argument)
        switch try await completion(of: id) {
        case .result(let json): return try JSONDecoder().decode(type, from: Data(json.readableBytesView))
        case .error(let error): throw InvocationFailed(message: error)
        case .void, .streamEnd: return try JSONDecoder().decode(type, from: Data("null".utf8))
        }
    }

    /// Invokes a method and waits until it has returned.
    public func invoke<each Argument: Encodable & Sendable>(
        _ target: String, _ argument: repeat each Argument
    ) async throws {
        let id = begin()
        try await call(1, target, id: id, repeat each argument)
        if case .error(let error) = try await completion(of: id) { throw InvocationFailed(message: error) }
    }

    /// Invokes a method without asking for an answer.
    public func send<each Argument: Encodable & Sendable>(
        _ target: String, _ argument: repeat each Argument
    ) async throws {
        try await call(1, target, id: nil, repeat each argument)
    }

    /// Invokes a streaming method and collects its items.
    public func stream<each Argument: Encodable & Sendable, Element: Decodable>(
        _ target: String, _ argument: repeat each Argument, of type: Element.Type
    ) async throws -> [Element] {
        let id = begin()
        try await call(4, target, id: id, repeat each argument)
        let outcome = try await completion(of: id)
        let items = state.withLock { $0.items.removeValue(forKey: id) }
        items?.finish()
        var elements: [Element] = []
        while let item = await items?.next() {
            elements.append(try JSONDecoder().decode(type, from: Data(item.readableBytesView)))
        }
        if case .error(let error) = outcome { throw InvocationFailed(message: error) }
        return elements
    }

    /// Sends a hub message as it is, given without its record separator.
    public func sendMessage(_ json: String) async throws {
        try await webSocket.send(json + "\u{1E}")
    }

    private func begin() -> String {
        state.withLock { state in
            state.lastInvocation += 1
            let id = String(state.lastInvocation)
            state.completions[id] = Mailbox()
            state.items[id] = Mailbox()
            return id
        }
    }

    private func call<each Argument: Encodable & Sendable>(
        _ type: Int, _ target: String, id: String?, _ argument: repeat each Argument
    ) async throws {
        var arguments: [String] = []
        repeat arguments.append(try Self.json(each argument))
        let idMember = try id.map { "\"invocationId\":\(try Self.json($0))," } ?? ""
        try await sendMessage(
            "{\"type\":\(type),\(idMember)\"target\":\(try Self.json(target)),"
                + "\"arguments\":[\(arguments.joined(separator: ","))]}")
    }

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }

    private func completion(of id: String) async throws -> CompletionMessage.Outcome {
        let completion = state.withLock { $0.completions[id] }
        guard let outcome = await completion?.next() else { throw WebSocketTestClient.Disconnected() }
        state.withLock { state in
            state.completions[id] = nil
        }
        return outcome
    }
}
