import HTTPTypes
import HubTransports
import NIOCore
import Synchronization

/// A connection of plain HTTP, which the task that answers its requests can leave to something else: any request may make it
/// the WebSocket of a hub, or its last answer an event stream.
final class ReusedConnection: Sendable {
    /// Ends the task that answers the connection's requests.
    struct Left: Error {}

    private enum Successor: Sendable {
        indirect case webSocket(HubUpgrade, HubUpgrade.Accepted)
        case eventStream(EventStreamResponse)
    }

    let leavesEventStreams: Bool
    private let handler: NIOLoopBound<HubUpgradeHandler>
    private let eventLoop: any EventLoop
    private let remoteAddress: String?
    private let successor = Mutex<Successor?>(nil)

    /// - Parameter leavesEventStreams: ``HTTPHubOptions/detachesEventStreams``.
    init(handler: NIOLoopBound<HubUpgradeHandler>, channel: any Channel, leavesEventStreams: Bool) {
        self.handler = handler
        self.leavesEventStreams = leavesEventStreams
        eventLoop = channel.eventLoop
        remoteAddress = channel.remoteAddress?.ipAddress
    }

    /// Decides about a request that asks for a WebSocket.
    ///
    /// - Returns: Why it is refused, for the request to be answered so.
    /// - Throws: ``Left`` where it is not.
    func decide(_ request: HTTPRequest, _ access: HubAccess) async throws -> HubRefusal {
        let upgrade = HubUpgrade(
            request: request, access: access, remoteAddress: remoteAddress, handler: handler, eventLoop: eventLoop)
        let accepted: HubUpgrade.Accepted
        do throws(HubRefusal) {
            accepted = try await upgrade.decide()
        } catch {
            eventLoop.execute { self.handler.value.stayHTTP() }
            return error
        }
        try await leave(to: .webSocket(upgrade, accepted))
    }

    /// The head of a response is written; its body follows without the task.
    ///
    /// - Throws: ``Left``.
    func leave(to stream: EventStreamResponse) async throws -> Never { try await leave(to: .eventStream(stream)) }

    private func leave(to successor: Successor) async throws -> Never {
        try await eventLoop.submit { try self.handler.value.leaveHTTP() }.get()
        self.successor.withLock { $0 = successor }
        throw Left()
    }

    /// The task has ended: what it has left the connection to follows, if anything.
    func goOn() {
        switch successor.withLock({ $0.take() }) {
        case .webSocket(let upgrade, let accepted): upgrade.accept(accepted)
        case .eventStream(let stream): eventLoop.execute { self.handler.value.serve(stream) }
        case nil: break
        }
    }
}
