import HubBackplane
import NIOCore

/// What this node keeps of a stream that it produces.
struct Production: Sendable {
    var machine: ProducerStateMachine
    /// Written again where the log was lost.
    let meta: ByteBuffer
    /// Whether a backend feeds the stream.
    let isFed: Bool
    /// The last chunk that may be shown: of a stream that is fed what the log has had, so that whoever goes on with it
    /// elsewhere knows all that anybody has seen; `nil` for all.
    private(set) var shown: UInt64?
    /// The end, once there is to be no more text.
    var end: StreamEnd?
    /// The nodes that are told what is appended.
    var followers: [LogFollower] = []
    /// Set once by a stop; the text is over then, whatever the model still says.
    var isStopped = false
    /// Told once when the producer has to stop: stopped by the owner, or fenced off.
    var onInterrupt: (@Sendable () -> Void)?
    /// The producer waits until the log has taken enough.
    var roomWaiter: CheckedContinuation<Void, Never>?
    /// Who waits for the end to be in the log.
    var endWaiters: [CheckedContinuation<StreamEnd?, Never>] = []
    /// Called once when text or the end is in the log.
    var onLogged: (@Sendable () -> Void)?
    /// Ticks of the sweep since the end was in the log, or since the keys were renewed.
    var ticks = 0
    /// The term of the node's lease under which the log was last looked at.
    private(set) var term: UInt64?
    /// The term under which it is being read.
    private var readingTerm: UInt64?
    /// When the log last accepted something.
    private var lastAccepted = ContinuousClock.now

    /// - Parameters:
    ///   - term: The term of the lease from before the opening entry was sent.
    ///   - logged: The last chunk that the log has.
    init(epoch: UInt64, term: UInt64?, meta: ByteBuffer, isFed: Bool = false, logged: UInt64 = 0) {
        self.isFed = isFed
        shown = isFed ? logged : nil
        machine = ProducerStateMachine(epoch: epoch, isPaused: term == nil)
        self.term = term
        self.meta = meta
    }

    /// Nothing is appended or shown in another term than that in which the log was last looked at.
    ///
    /// - Parameter retention: A log younger than this that is gone was lost.
    mutating func pauseUnless(in term: UInt64?, retention: Duration) {
        guard term == nil || term != self.term else { return }
        machine.pause(mayHaveExpired: lastAccepted.duration(to: .now) > retention)
    }

    mutating func tell(
        _ event: (inout ProducerStateMachine, UInt64) -> ProducerStateMachine.Action, last: UInt64
    ) -> ProducerStateMachine.Action {
        event(&machine, last)
    }

    /// - Returns: Whether more may be shown than before.
    mutating func showsLogged() -> Bool {
        guard let shown, machine.acknowledged > shown else { return false }
        self.shown = machine.acknowledged
        return true
    }

    /// How many bytes of text may wait for the log until the producer has to.
    func maximumWaitingBytes(_ configuration: ChunkStreamsConfiguration) -> Int {
        isFed ? 0 : configuration.maximumWaitingBytes
    }

    /// Tells once that text or the end is in the log.
    mutating func tellLogged() {
        guard onLogged != nil, machine.acknowledged > 0 || machine.hasEnded else { return }
        onLogged.take()?()
    }

    /// Tells a node what is appended from now on.
    mutating func feed(_ follower: LogFollower) {
        followers.removeAll { $0.channel == follower.channel }
        followers.append(follower)
    }

    mutating func accepted() { lastAccepted = .now }

    mutating func beginsReading(in term: UInt64?) { readingTerm = term }

    /// The log was read.
    ///
    /// - Returns: Whether the lease was held all the time.
    mutating func hasRead(in term: UInt64?) -> Bool {
        guard let term, term == readingTerm else { return false }
        self.term = term
        return true
    }
}
