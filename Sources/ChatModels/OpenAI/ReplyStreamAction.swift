import NIOCore

/// What an event of a streamed reply means.
enum ReplyStreamAction: Hashable {
    /// Text to hand on, never empty.
    case deliver(ByteBuffer)
    /// Text that was handed on goes, and the reply is over as soon as its stream is.
    case retract(ChatRetraction)
    case ignore
    case end(ChatReplyEnd)
    case fail(ChatModelError)
}

/// The reading of a reply's events, in the form of one of the APIs.
protocol ReplyStream {
    /// The content filter did not look at some of the text.
    var isUnfiltered: Bool { get }

    /// Takes the data of the next event.
    mutating func receive(event: [UInt8]) -> ReplyStreamAction

    /// The body ended. Servers that send no end marker end that way too.
    mutating func receiveEndOfBody() -> ReplyStreamAction
}
