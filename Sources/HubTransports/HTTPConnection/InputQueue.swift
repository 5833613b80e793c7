import DequeModule
import NIOCore

/// What a client has sent and its connection has not yet read, in the order in which it came. A value without I/O.
///
/// A sender is told that its bytes are accepted when there is room for them: a client that sends faster than its methods
/// run is slowed down by the answers to its `POST`s, as ASP.NET's pipe does it.
struct InputQueue<Sender> {
    private struct Body {
        var bytes: ByteBuffer
        /// How many bytes had come when this was at the queue's end.
        var end: Int
        var isBegun = false
    }

    private struct Waiter {
        let sender: Sender
        /// Waits until what had come so far is read but for half of the room.
        var end: Int
        /// Whether it has sent what ends there.
        let hasSent: Bool
    }

    private let limit: Int
    private var bodies: Deque<Body> = []
    private var waiting: Deque<Waiter> = []
    private var received = 0
    private var read = 0

    /// - Parameter limit: How many bytes may be unread; beyond, senders wait until half of it is free.
    init(limit: Int) { self.limit = limit }

    /// How many bytes wait to be read.
    var count: Int { received - read }

    /// - Returns: Whether the bytes are accepted; else the sender is among those of ``takeAccepted()`` when there is room.
    mutating func append(_ bytes: ByteBuffer, from sender: Sender) -> Bool {
        let fits = count + bytes.readableBytes <= limit
        received += bytes.readableBytes
        if bytes.readableBytes > 0 { bodies.append(Body(bytes: bytes, end: received)) }
        if !fits { waiting.append(Waiter(sender: sender, end: received, hasSent: bytes.readableBytes > 0)) }
        return fits
    }

    /// Lets a sender wait for room: it is among those of ``takeAccepted()`` when there is some.
    mutating func awaitRoom(_ sender: Sender) {
        waiting.append(Waiter(sender: sender, end: received, hasSent: false))
    }

    var lastWaiting: Sender? { waiting.last?.sender }

    /// The next bytes to be read, at most so many.
    mutating func next(atMost count: Int) -> ByteBuffer? {
        while var body = bodies.popFirst() {
            let slice = body.bytes.readSlice(length: min(count, body.bytes.readableBytes))
            body.isBegun = true
            read = body.end - body.bytes.readableBytes
            if body.bytes.readableBytes > 0 { bodies.prepend(body) }
            if let slice, slice.readableBytes > 0 { return slice }
        }
        return nil
    }

    /// Senders that wait and have room now.
    mutating func takeAccepted() -> [Sender] {
        var accepted: [Sender] = []
        while let first = waiting.first, first.end - read <= limit / 2 {
            accepted.append(first.sender)
            waiting.removeFirst()
        }
        return accepted
    }

    /// Drops what senders have sent that wait, unless it was begun to be read.
    mutating func withdraw(where matches: (Sender) -> Bool) {
        while let index = waiting.firstIndex(where: { matches($0.sender) }) {
            let waiter = waiting.remove(at: index)
            guard waiter.hasSent, let body = bodies.firstIndex(where: { $0.end == waiter.end }), !bodies[body].isBegun
            else { continue }
            let size = bodies.remove(at: body).bytes.readableBytes
            received -= size
            for later in bodies.indices[body...] { bodies[later].end -= size }
            for later in waiting.indices[index...] { waiting[later].end -= size }
        }
    }

    /// Everything is dropped.
    ///
    /// - Returns: The senders that wait.
    mutating func clear() -> [Sender] {
        defer { self = InputQueue(limit: limit) }
        return waiting.map(\.sender)
    }
}
