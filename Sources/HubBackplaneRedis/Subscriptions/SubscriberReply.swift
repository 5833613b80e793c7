/// What Redis sends over a subscriber connection (RESP2: arrays whose first element tells the kind).
enum SubscriberReply {
    case message(channel: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer)
    case subscribed(channel: UnsafeRawBufferPointer)
    case pong
    case other

    init(_ reply: RESPReply) {
        guard let kind = reply[0] else {
            // Before the first subscription a PING is answered as on any connection.
            self = reply.kind == .status ? .pong : .other
            return
        }
        if kind.bytes.holds("message"), let channel = reply[1], let payload = reply[2] {
            self = .message(channel: channel.bytes, payload: payload.bytes)
        } else if kind.bytes.holds("subscribe"), let channel = reply[1] {
            self = .subscribed(channel: channel.bytes)
        } else if kind.bytes.holds("pong") {
            self = .pong
        } else {
            self = .other
        }
    }
}
