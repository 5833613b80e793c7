package import HubProtocol
package import NIOCore

/// What the two ends of a session say to each other.
package enum SessionMessage: Sendable, Equatable {
    /// Bytes of one client: whole hub messages from the home, from the edge cut anywhere.
    case data(ByteBuffer)
    /// So many bytes of the other end's data were handed on: it may send as many more.
    case consumed(Int)
    /// The home ends the session after what it has said.
    case close(TransportClose)
    /// What the home's data are from now on; text in the beginning.
    case format(TransferFormat)
    /// The session is over at the edge; nothing more comes from there.
    case ended(SessionEnd)
}

/// How a session ended at its edge.
package enum SessionEnd: UInt8, Sendable {
    /// Both sides meant it.
    case graceful = 1
    /// The client, or the way to it, is gone.
    case lost = 2
}

/// How much one end of a session may send before the other says what became of it.
package struct SessionWindow: Sendable, Equatable {
    /// The bytes that may be under way in one direction.
    package static let size = 64 * 1024

    private var underWay = 0

    package init() {}

    /// Whether more may be sent. What is sent then may be larger than the room.
    package var isOpen: Bool { underWay < Self.size }

    package mutating func sent(_ bytes: Int) { underWay += bytes }

    /// - Returns: Whether this opened the window.
    package mutating func consumed(_ bytes: Int) -> Bool {
        let wasOpen = isOpen
        underWay = max(0, underWay - bytes)
        return !wasOpen && isOpen
    }
}

/// The receiving end of a ``SessionWindow``: says what it has handed on, in few messages.
package struct SessionCredit: Sendable, Equatable {
    private var unsaid = 0

    package init() {}

    /// Takes note of bytes that were handed on.
    ///
    /// - Returns: What to tell the other end now, if anything. It never waits for more than a quarter of its window.
    package mutating func consumed(_ bytes: Int) -> Int? {
        unsaid += bytes
        guard unsaid >= SessionWindow.size / 4 else { return nil }
        defer { unsaid = 0 }
        return unsaid
    }
}
