import HubProtocol
import NIOCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A SignalR client for tests that uses no WebSocket. Its requests go to one node after the other, as through a load
/// balancer without sticky sessions.
public final class HTTPTransportClient: Sendable {
    /// The transport that a client uses.
    public enum Transport: Sendable { case serverSentEvents, longPolling }

    /// The public id from negotiating.
    public let connectionID: String
    /// The messages that have come and were not taken.
    package let inbox = MessageInbox()
    private let urls: [String]
    private let token: String
    private let requests = Atomic(0)
    private let invocations = Atomic(0)
    private let reading = Mutex<Task<Void, Never>?>(nil)
    private let stream: TestEventStream?

    private init(connectionID: String, token: String, urls: [String], stream: TestEventStream?) {
        self.connectionID = connectionID
        self.token = token
        self.urls = urls
        self.stream = stream
    }

    deinit { reading.withLock { $0 }?.cancel() }

    /// Negotiates, connects and shakes hands.
    ///
    /// - Parameter urls: The hub's URLs, one of each node. The first request goes to the first.
    public static func connect(to urls: [String], over transport: Transport) async throws -> HTTPTransportClient {
        let negotiation = try await SignalRTestClient.negotiate(at: urls[0])
        guard let token = negotiation.id, let id = negotiation.connectionId else { throw HubTestError.closed }
        let urls = Array(urls.dropFirst() + urls.prefix(1))
        var stream: TestEventStream?
        if transport == .serverSentEvents {
            stream = try await TestEventStream.open(Self.url(urls[0], token: token))
            guard stream?.status == 200 else { throw HubTestError.closed }
        }
        let client = HTTPTransportClient(connectionID: id, token: token, urls: urls, stream: stream)
        if let stream {
            client.requests.store(1, ordering: .relaxed)
            client.read { [inbox = client.inbox, reader = HubTestReader(inbox: client.inbox, encoding: .json)] in
                await stream.read { reader.read(ByteBuffer(string: $0)) }
                inbox.end()
            }
        } else {
            let first = try await client.request("GET")
            guard first.status == 200, first.body.isEmpty else { throw HubTestError.closed }
            client.read { [weak client] in await client?.poll() }
        }
        try await client.send(raw: "{\"protocol\":\"json\",\"version\":1}\u{1E}")
        return client
    }

    private func read(_ body: @escaping @Sendable () async -> Void) {
        let task = Task { await body() }
        reading.withLock { $0 = task }
    }

    private func poll() async {
        let reader = HubTestReader(inbox: inbox, encoding: .json)
        while !Task.isCancelled, let answer = try? await request("GET"), answer.status == 200 {
            reader.read(ByteBuffer(string: answer.body))
        }
        inbox.end()
    }

    /// One request of the connection, at the next node.
    public func request(_ method: String, body: String = "") async throws -> TestHTTPResponse {
        let url = urls[requests.add(1, ordering: .relaxed).oldValue % urls.count]
        return try await testRequest(method, Self.url(url, token: token), body: body)
    }

    private static func url(_ url: String, token: String) throws -> String {
        let target = try TestURL(url).appending(query: [("id", token)])
        return "http://\(target.authority)\(target.target)"
    }
}

// MARK: Calls

extension HTTPTransportClient {
    /// Sends bytes as they are, in one `POST`.
    ///
    /// - Throws: ``HubTestError/closed`` where they are not accepted.
    public func send(raw text: String) async throws {
        let answer = try await request("POST", body: text)
        guard answer.status == 200 else { throw HubTestError.closed }
    }

    /// Invokes a method and waits for its result.
    public func invoke<each Argument: Encodable, Result: Decodable>(
        _ target: String, _ argument: repeat each Argument, returning type: Result.Type
    ) async throws -> Result {
        let id = String(invocations.add(1, ordering: .relaxed).newValue)
        var arguments: [ByteBuffer] = []
        for argument in repeat each argument {
            arguments.append(ByteBuffer(bytes: try JSONEncoder().encode(argument)))
        }
        let message = InvocationMessage(invocationID: id, target: target, arguments: arguments)
        var bytes = ByteBuffer()
        JSONHubProtocol.write(.invocation(message), into: &bytes)
        try await send(raw: String(buffer: bytes))
        let answer = try await inbox.take(within: HubTestClient.timeout) { message in
            if case .completion(let completion) = message { completion.invocationID == id } else { false }
        }
        guard case .completion(let completion) = answer else { throw HubTestError.timeout }
        switch completion.outcome {
        case .error(let error): throw HubTestError.invocationFailed(error)
        case .result(let result): return try JSONDecoder().decode(type, from: Data(result.readableBytesView))
        case .void, .streamEnd: return try JSONDecoder().decode(type, from: Data("null".utf8))
        }
    }

    /// The next call of a method of this client by the hub; waits for it.
    public func next(_ target: String) async throws -> HubTestInvocation {
        let message = try await inbox.take(within: HubTestClient.timeout) { message in
            if case .invocation(let invocation) = message { invocation.target == target } else { false }
        }
        guard case .invocation(let invocation) = message else { throw HubTestError.timeout }
        return HubTestInvocation(invocation, .json)
    }

    /// Ends the connection as a client's `stop()` does.
    public func close() async throws {
        reading.withLock { $0 }?.cancel()
        await stream?.close()
        if stream == nil { _ = try await request("DELETE") }
    }
}
