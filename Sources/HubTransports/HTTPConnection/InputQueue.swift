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
        let end: Int
        var isBegun = false
    }

    /// How many senders may wait for room.
    private static var senderLimit: Int { 16 }

    private let limit: Int
    private var bodies: Deque<Body> = []
    private var waiting: Deque<(sender: Sender, end: Int)> = []
    private var received = 0
    private var read = 0

    /// - Parameter limit: How many bytes may be unread; beyond, senders wait until half of it is free.
    init(limit: Int) { self.limit = limit }

    /// How many bytes wait to be read.
    var count: Int { received - read }

    enum Appended: Equatable {
        case accepted
        /// The sender is among those of ``takeAccepted()`` when there is room.
        case waits
        /// Too many wait already; nothing was taken.
        case refused
    }

    mutating func append(_ bytes: ByteBuffer, from sender: Sender) -> Appended {
        let fits = count + bytes.readableBytes <= limit
        guard fits || waiting.count < Self.senderLimit else { return .refused }
        received += bytes.readableBytes
        if bytes.readableBytes > 0 { bodies.append(Body(bytes: bytes, end: received)) }
        guard !fits else { return .accepted }
        waiting.append((sender, received))
        return .waits
    }

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
            let end = waiting.remove(at: index).end
            guard let body = bodies.firstIndex(where: { $0.end == end }), !bodies[body].isBegun else { continue }
            // It keeps its place, so that the ends of those behind it stay right.
            bodies[body].bytes = ByteBuffer()
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
