import HTTPTypes
import HubTransports
import NIOCore
import NIOHTTPTypes

/// A request for a hub's WebSocket.
struct HubUpgrade: Sendable {
    let request: HTTPRequest
    let access: HubAccess
    let remoteAddress: String?
    let handler: NIOLoopBound<HubUpgradeHandler>
    let eventLoop: any EventLoop

    /// A client that may have its WebSocket.
    struct Accepted: Sendable {
        let handshake: WebSocketHandshake
        let admission: HubAccess.Admission
    }

    func decide() async throws(HubRefusal) -> Accepted {
        let identity = try await access.identify(request, peer: remoteAddress)
        return Accepted(
            handshake: try WebSocketHandshake(request, subProtocol: access.subProtocol),
            admission: try await access.admit(request, identity: identity, peer: remoteAddress, on: eventLoop))
    }

    /// Answers 101 and makes the connection the hub's.
    func accept(_ accepted: Accepted) {
        eventLoop.execute { handler.value.accept(accepted.handshake, accepted.admission, at: access) }
    }

    /// Makes it a plain HTTP connection that has this request.
    func refuse() -> EventLoopFuture<NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>> {
        eventLoop.submit { try handler.value.refuse() }
    }
}
