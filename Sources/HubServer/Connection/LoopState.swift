import HubProtocol
import NIOCore

/// What of a connection belongs to its event loop.
final class LoopState {
    /// Nil once it has closed.
    var transport: (any ConnectionTransport)?
    var machine = HubConnection.StateMachine()
    var timers: ConnectionTimers
    var wheelPosition: TimingWheelPosition?

    var splitter: RecordSplitter
    var invocations: InvocationQueue
    var isReading = true
    /// While there are streams of the client's.
    var uploads: Uploads?
    var isUploadFull = false
    /// What the hub has asked the client.
    var clientInvocations = ClientInvocations()

    /// Where the connection may go on over another transport: what is its `transport` then.
    var statefulReconnect: StatefulReconnect?

    /// Taken from the outbox and not yet written.
    var pending = OutboxQueue()
    /// How the transport is to be closed when everything pending was written.
    var transportClose: TransportClose?

    /// Runs the hub's `onConnected`.
    var opening: Task<Void, Never>?
    /// Why the connection ended, nil for in good order.
    var endError: (any Error)?

    init(transport: any ConnectionTransport, options: HubOptions, loop: ConnectionLoop) {
        self.transport = transport
        timers = ConnectionTimers(now: loop.now, limits: loop.limits)
        splitter = RecordSplitter(maximumRecordSize: options.maximumReceiveMessageSize)
        invocations = InvocationQueue(
            limit: options.maximumParallelInvocationsPerClient,
            backgroundLimit: options.maximumParallelStreamsPerClient)
    }
}

@available(*, unavailable)
extension LoopState: Sendable {}
