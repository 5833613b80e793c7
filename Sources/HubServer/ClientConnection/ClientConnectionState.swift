import DequeModule
import NIOCore

/// What of a ``ClientConnection`` belongs to its event loop.
final class ClientConnectionState {
    typealias Message = ClientConnection.Message
    typealias Sender = CheckedContinuation<Void, any Error>

    /// Nil once it has closed.
    private var transport: (any ConnectionTransport)?
    /// Runs while the transport does not take what waits.
    private let timer: LoopTimer
    private let sendTimeout: Duration
    /// Runs where the connection ends with what its client was authenticated with.
    private var expiration: LoopTimer?
    var task: Task<Void, Never>?
    var whenOver: (() -> Void)?

    private let limit: Int
    private var partial: Message?
    private var unread: Deque<Message> = []
    private var unreadSize = 0
    private var isReading = true
    private var reader: CheckedContinuation<Message?, Never>?

    private var unsent: Deque<(message: Message, sender: Sender)> = []

    /// - Parameter limit: How many bytes may be unread; with more the client is held up until half of it was read.
    init(transport: any ConnectionTransport, timer: LoopTimer, limit: Int, sendTimeout: Duration) {
        self.transport = transport
        self.timer = timer
        self.limit = limit
        self.sendTimeout = sendTimeout
    }

    // MARK: What the client says

    func receive(_ bytes: ByteBuffer, isText: Bool, endsMessage: Bool, limit: Int) {
        guard transport != nil else { return }
        guard (partial?.bytes.readableBytes ?? 0) + bytes.readableBytes <= limit else { return close(.messageTooBig) }
        partial.append(bytes, isText: isText)
        guard endsMessage, let message = partial.take() else { return }
        if let reader = reader.take() { return reader.resume(returning: message) }
        unread.append(message)
        unreadSize += message.size
        if unreadSize > self.limit { setReading(false) }
    }

    func read(_ reader: CheckedContinuation<Message?, Never>) {
        if let message = unread.popFirst() {
            unreadSize -= message.size
            if unreadSize <= limit / 2 { setReading(true) }
            reader.resume(returning: message)
        } else if transport == nil || self.reader != nil {
            reader.resume(returning: nil)
        } else {
            self.reader = reader
        }
    }

    private func setReading(_ isReading: Bool) {
        guard isReading != self.isReading else { return }
        self.isReading = isReading
        transport?.setReading(isReading)
    }

    // MARK: What it is told

    func send(_ message: Message, _ sender: Sender) {
        guard transport != nil else { return sender.resume(throwing: ClientConnection.Closed()) }
        unsent.append((message, sender))
        write()
    }

    /// Gives the transport what waits, as far as it takes it.
    func write() {
        guard let transport else { return }
        var hasWritten = false
        while transport.isWritable, let (message, sender) = unsent.popFirst() {
            transport.use(message.isText ? .text : .binary)
            transport.write(message.bytes)
            transport.flush()
            sender.resume()
            hasWritten = true
        }
        guard !transport.timesItsWrites else { return }
        if unsent.isEmpty {
            timer.cancel()
        } else if hasWritten || unsent.count == 1 {
            timer.schedule(after: sendTimeout)
        }
    }

    // MARK: The end

    /// - Parameter end: When the connection is closed; nil for never.
    func authenticated(until end: ContinuousClock.Instant?, makeTimer: (@escaping () -> Void) -> LoopTimer) {
        expiration?.cancel()
        expiration = nil
        guard transport != nil, let end else { return }
        let timer = makeTimer { [unowned self] in close(.normal) }
        timer.schedule(after: max(.zero, end - .now))
        expiration = timer
    }

    /// Ends the transport in good order, which tells of it by ``end()``.
    func close(_ close: TransportClose) { transport?.close(close) }

    func end() {
        guard transport != nil else { return }
        transport = nil
        timer.cancel()
        expiration?.cancel()
        expiration = nil
        for (_, sender) in unsent { sender.resume(throwing: ClientConnection.Closed()) }
        unsent = []
        reader.take()?.resume(returning: nil)
        task?.cancel()
        task = nil
        whenOver.take()?()
    }
}

@available(*, unavailable)
extension ClientConnectionState: Sendable {}

extension ClientConnection.Message? {
    /// Continues a message, or begins one.
    fileprivate mutating func append(_ bytes: ByteBuffer, isText: Bool) {
        if self == nil {
            self = ClientConnection.Message(bytes: bytes, isText: isText)
        } else {
            self?.bytes.writeImmutableBuffer(bytes)
        }
    }
}

extension ClientConnection.Message {
    /// What it takes while it waits, in bytes: an empty one takes memory, too.
    fileprivate var size: Int { 64 + bytes.readableBytes }
}
