import NIOCore
import NIOHTTP1

extension UpstreamResponse {
    /// What came of a response and has not been read, and who waits for more.
    struct StateMachine {
        typealias Reader = CheckedContinuation<Part?, any Error>

        enum ReadAction {
            /// Hand this over; the connection may go on reading if it was paused.
            case give(Result<Part?, any Error>, resume: EventLoopPromise<Void>?)
            case wait
        }

        /// Bytes that are read ahead of the reader.
        private static let readAhead = 64 * 1024

        private var head: HTTPResponseHead?
        private var body = ByteBuffer()
        private var end: Result<Void, any Error>?
        private var reader: Reader?
        private var paused: EventLoopPromise<Void>?
        private var isDiscarding = false
        private var bodyHasBegun = false
        private var waitingSince: NIODeadline
        private let timeouts: Timeouts
        private let begin: NIODeadline

        init(timeouts: Timeouts, now: NIODeadline) {
            self.timeouts = timeouts
            self.begin = now
            self.waitingSince = now
        }

        mutating func read(_ reader: Reader, now: NIODeadline) -> ReadAction {
            guard let part = takePart() else {
                self.reader = reader
                waitingSince = now
                return .wait
            }
            defer { paused = nil }
            return .give(part, resume: paused)
        }

        /// Returns whom to give the part, if anybody waits for it.
        mutating func receive(head: HTTPResponseHead) -> (Reader, Part)? {
            if let reader = takeReader() { return (reader, .head(head)) }
            self.head = head
            return nil
        }

        /// - Parameter pause: Makes the promise to keep when more may come.
        mutating func receive(
            body piece: ByteBuffer, pause: () -> EventLoopPromise<Void>
        ) -> (give: (Reader, Part)?, paused: EventLoopPromise<Void>?) {
            bodyHasBegun = true
            if let reader = takeReader() { return ((reader, .body(piece)), nil) }
            guard !isDiscarding else { return (nil, nil) }
            body.writeImmutableBuffer(piece)
            if body.readableBytes >= Self.readAhead, end == nil {
                paused = pause()
            }
            return (nil, paused)
        }

        /// Returns whom to tell that nothing more comes.
        mutating func receive(end: Result<Void, any Error>) -> (reader: Reader?, resume: EventLoopPromise<Void>?) {
            guard self.end == nil else { return (nil, nil) }
            self.end = end
            defer { paused = nil }
            return (takeReader(), paused)
        }

        /// Nobody will read the rest. Returns the promise to keep so that it comes.
        mutating func discard() -> EventLoopPromise<Void>? {
            isDiscarding = true
            body = ByteBuffer()
            defer { paused = nil }
            return paused
        }

        enum SilenceAction {
            case fail(UpstreamFailure)
            case checkAgain(at: NIODeadline)
            case none
        }

        /// Whether the response has been silent for too long, or when that can be.
        func checkSilence(now: NIODeadline) -> SilenceAction {
            guard end == nil, !isDiscarding else { return .none }
            guard bodyHasBegun else {
                let deadline = begin + timeouts.firstByte
                // When the body begins, the other time limit begins too.
                return deadline <= now
                    ? .fail(.firstByteTimeout) : .checkAgain(at: min(deadline, now + timeouts.silence))
            }
            // While nobody reads, it is not the model that is silent.
            let deadline = (reader == nil ? now : waitingSince) + timeouts.silence
            return deadline <= now ? .fail(.silence) : .checkAgain(at: deadline)
        }

        private mutating func takePart() -> Result<Part?, any Error>? {
            if let head {
                self.head = nil
                return .success(.head(head))
            }
            if body.readableBytes > 0 {
                defer { body = ByteBuffer() }
                return .success(.body(body))
            }
            return end.map { $0.map { nil } }
        }

        private mutating func takeReader() -> Reader? {
            defer { reader = nil }
            return reader
        }
    }
}
