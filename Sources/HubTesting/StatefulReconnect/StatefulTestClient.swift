package import HubProtocol
package import HubServer
import NIOCore
import NIOWebSocket
import Synchronization

/// A client that goes on with its connection over another WebSocket when it loses the one it has, as the JavaScript client
/// does with `withStatefulReconnect()`; and loses it whenever a test wants it to.
package final class StatefulTestClient: Sendable {
    /// When a socket is cut, and how.
    package struct Cuts: Sendable {
        /// After how many messages of the server's, by the number of the socket, from 0 on; nil for never.
        package var afterReceiving: @Sendable (_ socket: Int) -> Int? = { _ in nil }
        /// In place of which message of the client's that is counted.
        package var insteadOfSending: @Sendable (_ socket: Int) -> Int? = { _ in nil }
        /// The old socket stays open, and the server does not hear that it is not used any more.
        package var leavesSocketsOpen = false

        package init() {}
    }

    private struct State {
        var buffer = ClientMessageBuffer()
        var socket: WebSocketTestClient?
        var sentOnSocket = 0
        var sockets = 0
        var open: [WebSocketTestClient] = []
        var isAckDue = false
        var lastInvocation = 0
        var isStopped = false
        var isOver = false
    }

    package let connectionID: String
    /// What the hub has sent, each message once, and nobody has taken yet.
    package let inbox = MessageInbox()
    package let encoding: HubEncoding
    /// Why the client has given up, if it has.
    private let failure = Mutex<(any Error)?>(nil)
    /// Where its sockets go, one after the other.
    package let urls: [String]
    private let headers: [(String, String)]
    private let cuts: Cuts
    private let ackDelay: Duration
    private let state = Mutex(State())
    private let end = Mailbox<Void>()

    private init(
        connectionID: String, urls: [String], headers: [(String, String)], encoding: HubEncoding, cuts: Cuts,
        ackDelay: Duration
    ) {
        self.connectionID = connectionID
        self.urls = urls
        self.headers = headers
        self.encoding = encoding
        self.cuts = cuts
        self.ackDelay = ackDelay
    }

    /// The server has not agreed on stateful reconnect.
    package struct NotAgreed: Error {}

    /// Negotiates at the first node and connects to it; later sockets go to one node after the other.
    ///
    /// - Parameters:
    ///   - urls: The hub's URL at each node.
    ///   - ackDelay: How long the client waits before it acknowledges; JavaScript's waits a second.
    ///   - pingInterval: How often it pings; JavaScript's does every 15 seconds.
    package static func connect(
        to urls: [String], headers: [(String, String)] = [], encoding: HubEncoding = .json, cuts: Cuts = Cuts(),
        ackDelay: Duration = .milliseconds(20), pingInterval: Duration = .seconds(15)
    ) async throws -> StatefulTestClient {
        let negotiation = try await SignalRTestClient.negotiate(
            at: urls[0], version: "1&useStatefulReconnect=true", headers: headers)
        guard negotiation.useStatefulReconnect == true, let id = negotiation.connectionId, let token = negotiation.id
        else { throw NotAgreed() }
        let client = StatefulTestClient(
            connectionID: id, urls: urls.map { "\($0)?id=\(token)" }, headers: headers, encoding: encoding, cuts: cuts,
            ackDelay: ackDelay)
        let socket = try await WebSocketTestClient.connect(to: client.urls[0], headers: headers)
        try await socket.send("{\"protocol\":\"\(encoding.name)\",\"version\":2}\u{1E}")
        var answer = try await client.nextBytes(of: socket)
        guard answer.readString(length: 3) == "{}\u{1E}" else { throw NotAgreed() }
        client.state.withLock { state in
            state.socket = socket
            state.sockets = 1
        }
        let beginning = answer
        Task {
            await client.run(socket, beginning: beginning)
            client.end.finish()
        }
        Task { [weak client] in
            while client?.isOver == false {
                client?.send(.ping)
                try? await Task.sleep(for: pingInterval)
            }
        }
        return client
    }

    /// How many sockets there were so far.
    package var sockets: Int { state.withLock { $0.sockets } }

    /// Whether it has lost a socket and has no other one yet.
    package var isReconnecting: Bool { state.withLock { $0.buffer.isReconnecting } }

    private var isOver: Bool { state.withLock { $0.isOver } }

    /// How many of its messages were not acknowledged.
    package var unacknowledged: Int { state.withLock { $0.buffer.unacknowledged } }

    /// The highest number of a message of the server's.
    package var latestReceivedID: Int64 { state.withLock { $0.buffer.latestReceivedID } }

    /// Why the client has given up, if it has.
    package var error: (any Error)? { failure.withLock { $0 } }

    /// Cuts the socket that is there now.
    package func cut() async {
        let socket = state.withLock { $0.socket }
        await socket?.disconnect()
    }

    /// Stops or goes on reading from the socket that is there now.
    package func setReading(_ isReading: Bool) async throws {
        try await state.withLock { $0.socket }?.setReading(isReading)
    }

    /// Tells the server the end.
    package func close() async {
        state.withLock { $0.isStopped = true }
        send(.close(CloseMessage()))
        _ = await end.next()
        for socket in state.withLock({ $0.open }) { await socket.disconnect() }
    }
}

// MARK: Sending

extension StatefulTestClient {
    package func send(_ message: HubMessage) {
        var bytes = ByteBuffer()
        encoding.write(message, into: &bytes)
        let cut = state.withLock { state -> WebSocketTestClient? in
            guard state.buffer.send(message, as: bytes), let socket = state.socket else { return nil }
            if message.isSequenced {
                state.sentOnSocket += 1
                if state.sentOnSocket == cuts.insteadOfSending(state.sockets - 1) {
                    state.buffer.disconnected()
                    return socket
                }
            }
            socket.write(bytes, isText: encoding == .json)
            return nil
        }
        cut?.cut()
    }

    /// Invokes a method. Its completion, or its items, come into the inbox.
    ///
    /// - Returns: The invocation's id.
    @discardableResult
    package func begin(
        _ target: String, _ arguments: [HubValue], uploads: [String] = [], asStream: Bool = false
    ) throws -> String {
        let id = nextID()
        let message = InvocationMessage(
            invocationID: id, target: target, arguments: try arguments.map { try encoding.bytes(of: $0) },
            streamIDs: uploads)
        send(asStream ? .streamInvocation(message) : .invocation(message))
        return id
    }

    package func nextID() -> String {
        state.withLock { state in
            state.lastInvocation += 1
            return String(state.lastInvocation)
        }
    }

    /// Invokes a method and waits for its result.
    package func invoke(_ target: String, _ arguments: HubValue...) async throws -> ReceivedValue? {
        let id = try begin(target, arguments)
        let message = try await inbox.take(within: .seconds(20)) { message in
            if case .completion(let completion) = message { completion.invocationID == id } else { false }
        }
        guard case .completion(let completion) = message else { return nil }
        switch completion.outcome {
        case .error(let error): throw HubTestError.invocationFailed(error)
        case .result(let result): return ReceivedValue(result, encoding)
        case .void, .streamEnd: return nil
        }
    }
}

// MARK: Receiving

extension StatefulTestClient {
    private func run(_ first: WebSocketTestClient, beginning: ByteBuffer) async {
        var socket = first
        var beginning = beginning
        do {
            while true {
                try await read(socket, beginning)
                beginning = ByteBuffer()
                state.withLock { $0.buffer.disconnected() }
                if cuts.leavesSocketsOpen {
                    state.withLock { $0.open.append(socket) }
                } else {
                    await socket.disconnect()
                }
                if state.withLock({ $0.isStopped }) { break }
                socket = try await reconnected()
            }
        } catch {
            failure.withLock { $0 = error }
        }
        state.withLock { $0.isOver = true }
        inbox.end()
    }

    /// Returns when the socket has ended, or is to be cut.
    private func read(_ socket: WebSocketTestClient, _ beginning: ByteBuffer) async throws {
        let limit = cuts.afterReceiving(sockets - 1)
        var received = 0
        var splitter = RecordSplitter(maximumRecordSize: .max, encoding: encoding)
        splitter.feed(beginning)
        while true {
            while let record = try splitter.next() {
                if received == limit || state.withLock({ $0.buffer.isReconnecting }) { return }
                received += 1
                try take(try encoding.parse(record))
            }
            if received == limit { return }
            guard let bytes = try? await nextBytes(of: socket) else { return }
            splitter.feed(bytes)
        }
    }

    private func nextBytes(of socket: WebSocketTestClient) async throws -> ByteBuffer {
        while true {
            switch try await socket.next() {
            case .text(let text): return ByteBuffer(string: text)
            case .binary(let bytes): return bytes
            case .pong: continue
            case .close: throw WebSocketTestClient.Disconnected()
            }
        }
    }

    private func take(_ message: HubMessage) throws {
        let (received, startsTimer) = try state.withLock { state throws in
            let (received, isAckDue) = try state.buffer.received(message)
            let startsTimer = isAckDue && !state.isAckDue
            if startsTimer { state.isAckDue = true }
            return (received, startsTimer)
        }
        if startsTimer {
            Task {
                try? await Task.sleep(for: ackDelay)
                acknowledge()
            }
        }
        if received == .process { inbox.put(message) }
    }

    private func acknowledge() {
        state.withLock { state in
            state.isAckDue = false
            guard !state.buffer.isReconnecting, let socket = state.socket else { return }
            write([.ack(sequenceID: state.buffer.latestReceivedID)], to: socket)
        }
    }

    /// One attempt.
    private func reconnected() async throws -> WebSocketTestClient {
        let number = sockets
        let socket = try await WebSocketTestClient.connect(to: urls[number % urls.count], headers: headers)
        state.withLock { state in
            let (sequenceID, messages) = state.buffer.resend()
            state.socket = socket
            state.sockets += 1
            state.sentOnSocket = 0
            write([.sequence(sequenceID: sequenceID)], to: socket)
            for message in messages { socket.write(message, isText: encoding == .json) }
            // Said while there was no socket, it has gone nowhere.
            if state.isStopped { write([.close(CloseMessage())], to: socket) }
        }
        return socket
    }

    private func write(_ messages: [HubMessage], to socket: WebSocketTestClient) {
        var bytes = ByteBuffer()
        for message in messages { encoding.write(message, into: &bytes) }
        socket.write(bytes, isText: encoding == .json)
    }
}
