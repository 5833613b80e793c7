package import HubProtocol
import NIOCore
import Synchronization

/// One client's connection to a hub.
///
/// Its transport tells it on its event loop what the client sends; from other threads it takes messages for the client.
/// What belongs to the event loop is in ``LoopState``, what several threads touch is behind locks. It has no task and no
/// timer of its own: an idle connection is memory only.
package final class HubConnection: Sendable {
    package let endpoint: HubEndpoint
    package let request: ConnectionRequest

    let reservation: ConnectionReservation
    let loop: ConnectionLoop
    let outbox: Mutex<Outbox>
    let principal: Mutex<ClaimsPrincipal?>
    let items = Mutex<[String: any Sendable]>([:])
    let starts = Mutex(InvocationStarts())
    private let encodingNumber = Atomic(HubEncoding.json.rawValue)
    private let loopState: NIOLoopBound<LoopState>

    init(
        reservation: ConnectionReservation, endpoint: HubEndpoint, request: ConnectionRequest,
        transport: any ConnectionTransport, loop: ConnectionLoop
    ) {
        self.reservation = reservation
        self.endpoint = endpoint
        self.request = request
        self.loop = loop
        principal = Mutex(request.identity.user)
        outbox = Mutex(Outbox(maximumSize: endpoint.options.maximumOutboxSize))
        loopState = NIOLoopBound(
            LoopState(transport: transport, options: endpoint.options, loop: loop), eventLoop: loop.eventLoop)
    }

    /// The connection's public id.
    package var id: String { reservation.id }

    /// What the client's handshake chose: everything put into the outbox is of this encoding. JSON before.
    package internal(set) var encoding: HubEncoding {
        get { HubEncoding(rawValue: encodingNumber.load(ordering: .relaxed)) ?? .json }
        set { encodingNumber.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// On the event loop only.
    var state: LoopState { loopState.value }

    /// The transport is there and can be written to: waits for the handshake from now on. On the event loop.
    package func start() {
        // Until its handshake puts it into the lists.
        if request.transport == .webSockets { endpoint.addHome(self, for: id) }
        if let end = request.identity.connectionEnd {
            authenticated(until: end)
        } else {
            loop.wake(self, at: state.timers.nextWake(limits: loop.limits))
        }
        if endpoint.server.isShuttingDown { close(error: nil, allowReconnect: true, transport: .goingAway) }
    }

    /// Ends the connection; the client is told not to come back by itself. From any thread.
    package func abort() { close(error: nil, allowReconnect: false) }

    /// Sends what waits, tells the client the end, and closes the transport. From any thread.
    ///
    /// - Parameters:
    ///   - error: What the client is told went wrong.
    ///   - allowReconnect: Whether a client with automatic reconnect comes back.
    package func close(error: String?, allowReconnect: Bool) {
        loop.eventLoop.execute { self.close(error: error, allowReconnect: allowReconnect, transport: .normal) }
    }
}

extension HubConnection: TimingWheelEntry {
    var wheelPosition: TimingWheelPosition? {
        get { state.wheelPosition }
        set { state.wheelPosition = newValue }
    }
}
