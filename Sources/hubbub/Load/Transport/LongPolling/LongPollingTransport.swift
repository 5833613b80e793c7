import NIOCore
import NIOHTTP1

/// Long polling: a poll is always open, and its answer brings what there is.
final class LongPollingTransport: ChatTransport {
    let hasInherentKeepAlive = true
    private let target: LoadTarget
    private let connection: ChatConnection
    private let lane: LoadLane
    private var requests: ClientRequests?

    init(to target: LoadTarget, for connection: ChatConnection, lane: LoadLane) {
        self.target = target
        self.connection = connection
        self.lane = lane
    }

    func open(token: String) -> EventLoopFuture<Void> {
        let requests = ClientRequests(to: target, token: token, for: connection, lane: lane)
        self.requests = requests
        return requests.poll(isFirst: true).assumeIsolated().flatMapThrowing { response in
            // The first poll is answered at once, and says no more than that the connection is there.
            guard response.head.status == .ok else { throw LoadFailure(code: "poll_\(response.head.status.code)") }
            self.poll()
        }.nonisolated()
    }

    private static let slowPause = TimeAmount.milliseconds(500)

    private func poll() {
        guard connection.isSlow else { return pollNow() }
        lane.eventLoop.assumeIsolated().scheduleTask(in: Self.slowPause) { self.pollNow() }
    }

    private func pollNow() {
        requests?.poll().assumeIsolated().whenComplete { result in
            guard self.requests != nil else { return }
            switch result {
            case .success(let response): self.received(response)
            case .failure: self.connection.ended("disconnected")
            }
        }
    }

    private func received(_ response: NIOHTTPClientResponseFull) {
        switch response.head.status {
        case .ok:
            if let body = response.body { connection.received(body, at: NIODeadline.now().uptimeNanoseconds) }
            poll()
        case .noContent:
            connection.ended("closed_by_server")
        default:
            connection.ended("poll_\(response.head.status.code)")
        }
    }

    func send(_ messages: ByteBuffer) { requests?.post(messages) }

    /// The server answers the open poll, too.
    func close() -> EventLoopFuture<Void> {
        requests.take()?.delete() ?? lane.eventLoop.makeSucceededVoidFuture()
    }
}
