import NIOCore
import NIOHTTP1

/// A lane's connections to one server, which the single requests of its clients share, as behind a proxy.
final class HTTPClientPool {
    /// How many requests other than polls are under way at most; further ones wait.
    private static let requestsAtOnce = 128

    let target: LoadTarget
    private unowned let lane: LoadLane
    private var idle: [HTTPClientConnection] = []
    private var underWay = 0
    private var waiting = CircularBuffer<(HTTPClientRequest, EventLoopPromise<NIOHTTPClientResponseFull>)>()

    init(to target: LoadTarget, lane: LoadLane) {
        self.target = target
        self.lane = lane
    }

    /// Sends a request that the server answers as soon as it can.
    func send(_ request: HTTPClientRequest) -> EventLoopFuture<NIOHTTPClientResponseFull> {
        let answered = lane.eventLoop.makePromise(of: NIOHTTPClientResponseFull.self)
        waiting.append((request, answered))
        sendMore()
        return answered.futureResult
    }

    private func sendMore() {
        while underWay < Self.requestsAtOnce, let (request, answered) = waiting.popFirst() {
            underWay += 1
            poll(request).assumeIsolated().whenComplete { result in
                self.underWay -= 1
                answered.completeWith(result)
                self.sendMore()
            }
        }
    }

    /// Sends a request that the server answers when it has something to say.
    func poll(_ request: HTTPClientRequest) -> EventLoopFuture<NIOHTTPClientResponseFull> {
        while let connection = idle.popLast() {
            if connection.isReusable { return send(request, on: connection) }
            connection.close()
        }
        return HTTPClientConnection.open(to: target, on: lane).assumeIsolated().flatMap { connection in
            self.send(request, on: connection.value)
        }.nonisolated()
    }

    private func send(
        _ request: HTTPClientRequest, on connection: HTTPClientConnection
    ) -> EventLoopFuture<NIOHTTPClientResponseFull> {
        let answered = connection.send(request)
        answered.assumeIsolated().whenSuccess { _ in self.idle.append(connection) }
        return answered
    }
}
