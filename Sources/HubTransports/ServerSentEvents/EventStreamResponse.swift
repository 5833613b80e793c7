package import HTTPTypes
package import NIOCore

/// The answer to a `GET` of server-sent events. One that is dropped unwritten ends its stream.
package final class EventStreamResponse: Sendable {
    private let stream: EventStream

    init(_ stream: EventStream) { self.stream = stream }

    deinit { stream.ended() }

    /// No proxy may keep events back until it has many of them, nor keep them for others: `X-Accel-Buffering` is nginx'
    /// word for that.
    package static let headers: HTTPFields = [
        .contentType: "text/event-stream", .cacheControl: "no-cache,no-store", .pragma: "no-cache",
        .contentEncoding: "identity", .xAccelBuffering: "no",
    ]

    /// What is to be written next.
    package enum Next: Sendable, Equatable {
        case events(ByteBuffer)
        case finish
        /// The response has to be broken off.
        case abort
    }

    /// Gives a reader what is next of the body, once and when there is something, from any thread. Call again when that is
    /// written and the client's side can take more.
    package func next(_ reader: @escaping @Sendable (Next) -> Void) { stream.next(reader) }

    /// The next bytes of the body; nil at its end.
    ///
    /// - Throws: `ChannelError` where the response has to be broken off.
    package func next() async throws -> ByteBuffer? {
        let part: Next = await withCheckedContinuation { reader in next { reader.resume(returning: $0) } }
        switch part {
        case .events(let events): return events
        case .finish: return nil
        case .abort: throw ChannelError.ioOnClosedChannel
        }
    }

    /// The response is over, or its client has left. From any thread.
    package func ended() { stream.ended() }
}

extension HTTPField.Name {
    static var pragma: Self { Self("Pragma")! }
    fileprivate static var xAccelBuffering: Self { Self("X-Accel-Buffering")! }
}
