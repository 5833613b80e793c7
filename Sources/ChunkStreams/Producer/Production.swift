import NIOCore

/// What this node keeps of a stream that it produces.
struct Production: Sendable {
    var machine: ProducerStateMachine
    /// Written again where the log was lost.
    let meta: ByteBuffer
    /// The end, once there is to be no more text.
    var end: StreamEnd?
    /// Set once by a stop; the text is over then, whatever the model still says.
    var isStopped = false
    /// Told once when the producer has to stop: stopped by the owner, or fenced off.
    var onInterrupt: (@Sendable () -> Void)?
    /// The producer waits until the log has taken enough.
    var roomWaiter: CheckedContinuation<Void, Never>?
    /// Who waits for the end to be in the log.
    var endWaiters: [CheckedContinuation<StreamEnd?, Never>] = []
    /// Ticks of the sweep since the end was in the log, or since the keys were renewed.
    var ticks = 0

    init(epoch: UInt64, meta: ByteBuffer) {
        machine = ProducerStateMachine(epoch: epoch)
        self.meta = meta
    }
}
