import HubProtocol
import NIOCore
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
        let message: InvocationMessage

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

    struct State {
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
    let state = Mutex(State())
    let end = Mailbox<Ended>()

    private init(connectionID: String?, webSocket: WebSocketTestClient) {
        self.connectionID = connectionID
        self.webSocket = webSocket
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
