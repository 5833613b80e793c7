import HTTPTypes
import HubTransports
import NIOCore
import NIOHTTPTypes
import Synchronization

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
        let identity = try await access.identify(request)
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

/// A connection of plain HTTP, any request of which may make it the WebSocket of a hub.
final class ReusedConnection: Sendable {
    /// That whose requests this task answers.
    @TaskLocal static var current: ReusedConnection?

    /// Ends the task that answers the connection's requests.
    struct Upgraded: Error {}

    private let handler: NIOLoopBound<HubUpgradeHandler>
    private let eventLoop: any EventLoop
    private let remoteAddress: String?
    private let accepted = Mutex<(HubUpgrade, HubUpgrade.Accepted)?>(nil)

    init(handler: NIOLoopBound<HubUpgradeHandler>, channel: any Channel) {
        self.handler = handler
        eventLoop = channel.eventLoop
        remoteAddress = channel.remoteAddress?.ipAddress
    }

    /// Decides about a request that asks for a WebSocket.
    ///
    /// - Returns: Why it is refused, for the request to be answered so.
    /// - Throws: ``Upgraded`` where it is not: then ``upgrade()`` follows.
    func decide(_ request: HTTPRequest, _ access: HubAccess) async throws -> HubRefusal {
        let upgrade = HubUpgrade(
            request: request, access: access, remoteAddress: remoteAddress, handler: handler, eventLoop: eventLoop)
        do throws(HubRefusal) {
            let accepted = try await upgrade.decide()
            self.accepted.withLock { $0 = (upgrade, accepted) }
        } catch {
            eventLoop.execute { self.handler.value.stayHTTP() }
            return error
        }
        try await eventLoop.submit { try self.handler.value.leaveHTTP() }.get()
        throw Upgraded()
    }

    /// Makes the connection the hub's whose WebSocket was asked for, if one was.
    func upgrade() {
        guard let (upgrade, accepted) = accepted.withLock({ $0.take() }) else { return }
        upgrade.accept(accepted)
    }
}
