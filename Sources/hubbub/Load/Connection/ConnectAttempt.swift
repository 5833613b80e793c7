import Foundation
import HubProtocol
import NIOCore
import NIOHTTP1

/// Connects as a SignalR client does: negotiates, opens a transport, shakes hands.
struct ConnectAttempt {
    private struct Negotiation: Decodable {
        let connectionToken: String?
    }

    private let target: LoadTarget
    private let connection: ChatConnection
    private let lane: LoadLane

    init(_ target: LoadTarget, connection: ChatConnection, lane: LoadLane) {
        self.target = target
        self.connection = connection
        self.lane = lane
    }

    /// Completes when the hub has accepted the handshake.
    func run() -> EventLoopFuture<Void> {
        let eventLoop = lane.eventLoop.assumeIsolated()
        let opened = lane.eventLoop.makePromise(of: Void.self)
        let timeout = eventLoop.scheduleTask(in: TimeAmount(lane.configuration.connectTimeout)) { [connection] in
            opened.fail(LoadFailure(code: "connect_timeout"))
            connection.ended("connect_timeout")
        }
        let transport = makeTransport()
        negotiate().assumeIsolated().flatMap { token in
            transport.open(token: token)
        }.flatMap { [connection, lane] in
            let began = NIODeadline.now()
            return connection.shakeHands(over: transport).assumeIsolated().map {
                lane.figures.shookHands(after: .now() - began)
            }.nonisolated()
        }.whenComplete { result in
            timeout.cancel()
            opened.completeWith(result)
        }
        return opened.futureResult
    }

    private func makeTransport() -> any ChatTransport {
        switch lane.configuration.transport {
        case .webSockets: WebSocketTransport(to: target, for: connection, lane: lane)
        case .serverSentEvents: EventStreamTransport(to: target, for: connection, lane: lane)
        case .longPolling: LongPollingTransport(to: target, for: connection, lane: lane)
        }
    }

    /// Asks for a connection token, version 1 of negotiating (TransportProtocols.md, "POST /negotiate"), as a client that is
    /// new: on a connection that is made for it.
    private func negotiate() -> EventLoopFuture<String> {
        let request = HTTPClientRequest(.POST, target.path + "/negotiate?negotiateVersion=1")
        return HTTPClientConnection.open(to: target, on: lane).assumeIsolated().flatMap { connection in
            let connection = connection.value
            return connection.send(request).assumeIsolated().flatMapThrowing { response in
                connection.close()
                guard response.head.status == .ok else {
                    throw LoadFailure(code: "negotiate_\(response.head.status.code)")
                }
                let body = Data(response.body?.readableBytesView ?? ByteBufferView())
                guard let token = try? JSONDecoder().decode(Negotiation.self, from: body).connectionToken else {
                    throw LoadFailure(code: "negotiate_refused")
                }
                return token
            }.nonisolated()
        }.nonisolated()
    }
}
