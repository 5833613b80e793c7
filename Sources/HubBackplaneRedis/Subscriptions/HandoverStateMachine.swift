import NIOCore

/// Goes over from one subscriber connection to another, with no message lost and none delivered twice.
///
/// The new connection subscribes to all that the old one has. Then a marker is published, which Redis sends to both: whatever is
/// published on any channel comes before or after it on both alike. What is before it is taken from the old connection, what is
/// after it from the new one. No subscription changes from the beginning until both have heard the marker.
struct HandoverStateMachine {
    /// Longer than it takes to find out that the old connection is dead.
    static let patience = TimeAmount.seconds(6)
    /// What may wait for the old connection to hear the marker.
    static let heldBytesLimit = 16 << 20

    struct Message {
        let channel: ChannelKey
        let payload: ByteBuffer
    }

    enum HeldAction: Equatable {
        case wait
        /// More waits than may: the old connection is too far behind.
        case giveUpOld
    }

    private var unconfirmedByNew: Int
    private var unconfirmedByOld: Int
    private let deadline: NIODeadline
    private var marker: UInt64?
    private(set) var oldHasHeard = false
    private(set) var newHasHeard = false
    private var held: [Message] = []
    private var heldBytes = 0

    /// - Parameters:
    ///   - channels: How many the new connection subscribes to.
    ///   - unconfirmed: Subscriptions that were sent over the old connection and are not confirmed yet.
    init(channels: Int, unconfirmed: Int, now: NIODeadline) {
        unconfirmedByNew = channels
        unconfirmedByOld = unconfirmed
        deadline = now + Self.patience
    }

    /// Whether the marker is to be published.
    var mayMark: Bool { marker == nil && unconfirmedByNew == 0 && unconfirmedByOld == 0 }

    func isOverdue(at now: NIODeadline) -> Bool { deadline <= now }

    mutating func confirmedByNew() { unconfirmedByNew = max(0, unconfirmedByNew - 1) }

    mutating func confirmedByOld() { unconfirmedByOld = max(0, unconfirmedByOld - 1) }

    mutating func marked(_ number: UInt64) { marker = number }

    /// A canary was heard.
    ///
    /// - Returns: Whether the new connection has taken over, but for what waits.
    mutating func heard(_ number: UInt64, byNew isNew: Bool) -> Bool {
        guard let marker, number == marker else { return false }
        if isNew { newHasHeard = true } else { oldHasHeard = true }
        return oldHasHeard && newHasHeard
    }

    /// Keeps a message of the new connection that comes after the marker, until the old one has brought all before it.
    mutating func hold(_ message: Message) -> HeldAction {
        held.append(message)
        heldBytes += message.payload.readableBytes + 100
        return heldBytes > Self.heldBytesLimit ? .giveUpOld : .wait
    }

    /// What waits, in order.
    mutating func takeHeld() -> [Message] {
        defer { held = [] }
        return held
    }
}
