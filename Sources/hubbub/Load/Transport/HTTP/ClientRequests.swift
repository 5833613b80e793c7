import NIOCore
import NIOHTTP1

/// The requests of one client that uses no WebSocket. The first goes where the connection was negotiated, further ones to
/// the servers that `--request-url` names, in turns.
final class ClientRequests {
    private let first: HTTPClientPool
    private let further: [HTTPClientPool]
    private let token: String
    private let connection: ChatConnection
    private let lane: LoadLane
    private var turn = 0
    private var unsent = ByteBuffer()
    private var isSending = false

    init(to target: LoadTarget, token: String, for connection: ChatConnection, lane: LoadLane) {
        first = lane.pool(to: target)
        further = lane.configuration.requestTargets.map { lane.pool(to: $0) }
        self.token = token
        self.connection = connection
        self.lane = lane
    }

    /// A poll; the first one makes the connection.
    func poll(isFirst: Bool = false) -> EventLoopFuture<NIOHTTPClientResponseFull> {
        let pool = isFirst ? first : next()
        lane.figures.polled()
        return pool.poll(request(.GET, to: pool))
    }

    /// Sends messages in order: one `POST` at a time, as JavaScript's client does. What comes meanwhile goes with the next.
    func post(_ messages: ByteBuffer) {
        unsent.writeImmutableBuffer(messages)
        postMore()
    }

    private func postMore() {
        guard !isSending, unsent.readableBytes > 0 else { return }
        isSending = true
        let pool = next()
        let body = unsent
        unsent = ByteBuffer()
        let began = NIODeadline.now()
        pool.send(request(.POST, body, to: pool)).assumeIsolated().whenComplete { result in
            self.isSending = false
            switch result {
            case .success(let response) where response.head.status == .ok:
                self.lane.figures.posted(after: .now() - began)
                self.postMore()
            case .success(let response):
                self.connection.ended("post_\(response.head.status.code)")
            case .failure:
                self.connection.ended("post_disconnected")
            }
        }
    }

    /// Ends the connection, of long polling only; completes when that was answered, however.
    func delete() -> EventLoopFuture<Void> {
        let pool = next()
        return pool.send(request(.DELETE, to: pool)).map { _ in }.flatMapErrorThrowing { _ in }
    }

    private func next() -> HTTPClientPool {
        guard !further.isEmpty else { return first }
        defer { turn += 1 }
        return further[turn % further.count]
    }

    private func request(_ method: HTTPMethod, _ body: ByteBuffer? = nil, to pool: HTTPClientPool) -> HTTPClientRequest
    {
        HTTPClientRequest(method, "\(pool.target.path)?id=\(token)", body: body)
    }
}
