import HubProtocol
import NIOCore
import NIOWebSocket
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A SignalR client for tests: negotiates, connects over a WebSocket, speaks the JSON hub protocol.
///
/// ```swift
/// let client = try await SignalRTestClient.connect(to: "http://127.0.0.1:8080/chat")
/// let sum = try await client.invoke("Add", 1, 2, returning: Int.self)
/// let greeting = try await client.next("greeted").argument(0, as: String.self)
/// try await client.close()
/// ```
public final class SignalRTestClient: Sendable {
    /// A call of the server's.
    public struct ReceivedInvocation: Sendable {
        fileprivate let message: InvocationMessage

        /// The method's name as the server wrote it.
        public var target: String { message.target }
        /// How many arguments came.
        public var argumentCount: Int { message.arguments.count }

        /// One argument, decoded.
        public func argument<Value: Decodable>(_ index: Int, as type: Value.Type) throws -> Value {
            try JSONDecoder().decode(type, from: Data(message.arguments[index].readableBytesView))
        }
    }

    /// The server answered an invocation with an error.
    public struct InvocationFailed: Error, Equatable {
        public let message: String
    }

    /// The server refused to negotiate, or the handshake.
    public struct ConnectFailed: Error, Equatable {
        public let status: Int
        public let message: String
    }

    /// How the server ended the connection.
    public struct Ended: Sendable, Equatable {
        /// The error of its Close message, `nil` where there was no message or no error in it.
        public var error: String?
        /// Whether its Close message lets the client reconnect, `nil` where there was no message.
        public var allowReconnect: Bool?
        /// The code of the WebSocket's close frame.
        public var code: UInt16?

        /// What a test compares with.
        public init(error: String? = nil, allowReconnect: Bool? = nil, code: UInt16? = nil) {
            self.error = error
            self.allowReconnect = allowReconnect
            self.code = code
        }
    }

    private struct State {
        var lastInvocation = 0
        var completions: [String: Mailbox<CompletionMessage.Outcome>] = [:]
        var items: [String: Mailbox<ByteBuffer>] = [:]
        var invocations: [String: Mailbox<ReceivedInvocation>] = [:]
        var ended: Ended?
    }

    /// The public id from negotiating; `nil` where that was skipped.
    public let connectionID: String?
    /// The connection below, for what a SignalR client would not do.
    public let webSocket: WebSocketTestClient
    private let state = Mutex(State())
    private let end = Mailbox<Ended>()

    private init(connectionID: String?, webSocket: WebSocketTestClient) {
        self.connectionID = connectionID
        self.webSocket = webSocket
    }

    /// What a server answers to a negotiation.
    public struct Negotiation: Decodable, Sendable, Equatable {
        /// A way to connect.
        public struct Transport: Decodable, Sendable, Equatable {
            public let transport: String
            public let transferFormats: [String]
        }

        public let negotiateVersion: Int?
        public let connectionId: String?
        public let connectionToken: String?
        public let availableTransports: [Transport]?
        public let error: String?
        public let useStatefulReconnect: Bool?

        /// What goes into the query as `id`.
        public var id: String? { connectionToken ?? connectionId }
    }

    /// Negotiates. `version` goes into the query as it is.
    public static func negotiate(
        at url: String, version: String? = "1", headers: [(String, String)] = []
    ) async throws -> Negotiation {
        let url = try TestURL(url).appending(
            path: "/negotiate", query: version.map { [("negotiateVersion", $0)] } ?? [])
        let response = try await testRequest("POST", "http://\(url.authority)\(url.target)", headers: headers)
        guard response.status == 200 else { throw ConnectFailed(status: response.status, message: response.body) }
        return try JSONDecoder().decode(Negotiation.self, from: Data(response.body.utf8))
    }

    /// Connects and shakes hands.
    ///
    /// - Parameters:
    ///   - url: The hub's URL, `http://host:port/path`.
    ///   - connectURL: Where the WebSocket is opened, if not there too: another node.
    ///   - skipsNegotiation: Connects without negotiating first.
    ///   - headers: Added to every request.
    public static func connect(
        to url: String, through connectURL: String? = nil, skipsNegotiation: Bool = false,
        headers: [(String, String)] = []
    ) async throws -> SignalRTestClient {
        let negotiation = skipsNegotiation ? nil : try await negotiate(at: url, headers: headers)
        if let error = negotiation?.error { throw ConnectFailed(status: 200, message: error) }
        let target = try TestURL(connectURL ?? url).appending(query: negotiation?.id.map { [("id", $0)] } ?? [])
        let webSocket = try await WebSocketTestClient.connect(
            to: "ws://\(target.authority)\(target.target)", headers: headers)
        try await webSocket.send("{\"protocol\":\"json\",\"version\":1}\u{1E}")
        let client = SignalRTestClient(connectionID: negotiation?.connectionId, webSocket: webSocket)
        try await client.finishHandshake()
        return client
    }

    private func finishHandshake() async throws {
        guard case .text(let text) = try await webSocket.next() else { throw WebSocketTestClient.Disconnected() }
        let records = text.split(separator: "\u{1E}")
        guard records.first == "{}" else {
            throw ConnectFailed(status: 101, message: String(records.first ?? ""))
        }
        for record in records.dropFirst() { try receive(ByteBuffer(substring: record)) }
        Task { await readMessages() }
    }
}

// MARK: Calls

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

// MARK: What the server says

extension SignalRTestClient {
    /// The server's next call of a method, in their order.
    public func next(_ target: String) async throws -> ReceivedInvocation {
        guard let invocation = await mailbox(target).next() else { throw WebSocketTestClient.Disconnected() }
        return invocation
    }

    /// Ends the connection as a client's `stop()` does, and waits for the server to have ended it too.
    @discardableResult
    public func close() async throws -> Ended {
        try await sendMessage("{\"type\":7}")
        return try await ended()
    }

    /// Waits until the server has ended the connection.
    public func ended() async throws -> Ended {
        guard let ended = await end.next() else { throw WebSocketTestClient.Disconnected() }
        return ended
    }

    private func mailbox(_ target: String) -> Mailbox<ReceivedInvocation> {
        state.withLock { state in
            if let mailbox = state.invocations[target.lowercased()] { return mailbox }
            let mailbox = Mailbox<ReceivedInvocation>()
            if state.ended != nil { mailbox.finish() }
            state.invocations[target.lowercased()] = mailbox
            return mailbox
        }
    }

    private func readMessages() async {
        var ended = Ended()
        var splitter = RecordSplitter(maximumRecordSize: 1 << 24)
        reading: while let event = try? await webSocket.next() {
            do {
                switch event {
                case .text(let text): splitter.feed(ByteBuffer(string: text))
                case .binary(let bytes): splitter.feed(bytes)
                case .pong: break
                case .close(let code):
                    ended.code = code.map { UInt16(webSocketErrorCode: $0) }
                    break reading
                }
                while let record = try splitter.next() {
                    guard let close = try receive(record) else { continue }
                    ended.error = close.error
                    ended.allowReconnect = close.allowReconnect
                }
            } catch {
                await webSocket.disconnect()
            }
        }
        try? await webSocket.waitUntilClosed()
        finish(ended)
    }

    /// - Returns: The server's Close message, if it is that.
    @discardableResult
    private func receive(_ record: ByteBuffer) throws -> CloseMessage? {
        switch try JSONHubProtocol.parse(record) {
        case .invocation(let message):
            mailbox(message.target).put(ReceivedInvocation(message: message))
        case .completion(let message):
            state.withLock { $0.completions[message.invocationID] }?.put(message.outcome)
        case .streamItem(let message):
            state.withLock { $0.items[message.invocationID] }?.put(message.item)
        case .close(let message):
            return message
        case .streamInvocation, .cancelInvocation, .ping, .ack, .sequence, .unknown:
            break
        }
        return nil
    }

    private func finish(_ ended: Ended) {
        let (completions, invocations) = state.withLock { state in
            state.ended = ended
            return (Array(state.completions.values), Array(state.invocations.values))
        }
        for completion in completions { completion.finish() }
        for invocation in invocations { invocation.finish() }
        end.put(ended)
        end.finish()
    }
}
