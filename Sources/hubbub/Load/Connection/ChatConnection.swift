import HubProtocol
import NIOCore

/// One client: it shakes hands, asks and reads what comes, whatever the transport is.
final class ChatConnection {
    private enum Phase {
        case connecting
        case handshake(any ChatTransport, EventLoopPromise<Void>)
        case open(any ChatTransport)
        case closed
    }

    private let lane: LoadLane
    private var phase = Phase.connecting
    private var records = RecordSplitter(maximumRecordSize: 16 * 1024 * 1024)
    private var session: ChatSession
    private var isAsking = false

    init(lane: LoadLane) {
        self.lane = lane
        session = ChatSession(encoding: lane.configuration.encoding)
    }

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    // MARK: Sending

    /// - Parameter transport: An open one.
    func shakeHands(over transport: any ChatTransport) -> EventLoopFuture<Void> {
        guard case .connecting = phase else {
            _ = transport.close()
            return lane.eventLoop.makeFailedFuture(LoadFailure(code: "connect_timeout"))
        }
        let promise = lane.eventLoop.makePromise(of: Void.self)
        phase = .handshake(transport, promise)
        transport.send(ByteBuffer(string: "{\"protocol\":\"\(session.encoding.name)\",\"version\":1}\u{1E}"))
        return promise.futureResult
    }

    func ping() {
        guard case .open(let transport) = phase, !transport.hasInherentKeepAlive else { return }
        var message = ByteBuffer()
        session.encoding.write(.ping, into: &message)
        transport.send(message)
    }

    func beginAsking() {
        isAsking = true
        askMore()
    }

    private func askMore() {
        guard isAsking else { return }
        while case .open(let transport) = phase, session.openReplies < lane.configuration.concurrency,
            lane.mayAsk(after: session.asked)
        {
            let now = NIODeadline.now().uptimeNanoseconds
            transport.send(session.ask(lane.configuration.prompt, at: now, isHashed: lane.hashesNext()))
            lane.figures.asked()
        }
        if session.openReplies == 0 {
            isAsking = false
            lane.finished()
        }
    }

    /// Counts all replies that are still open as failed, and asks no more.
    func giveUp(_ code: String) {
        session.fail(code, figures: &lane.figures)
        guard isAsking else { return }
        isAsking = false
        lane.finished()
    }

    /// Leaves; completes when the server has been told.
    func close() -> EventLoopFuture<Void> {
        guard case .open(let transport) = phase else { return lane.eventLoop.makeSucceededVoidFuture() }
        phase = .closed
        return transport.close()
    }

    // MARK: Receiving

    /// - Parameters:
    ///   - bytes: What the transport has brought, of messages that may be cut anywhere.
    ///   - now: Nanoseconds of the monotonic clock.
    func received(_ bytes: ByteBuffer, at now: UInt64) {
        records.feed(bytes)
        do {
            while let record = try records.next() {
                switch phase {
                case .handshake(let transport, let promise):
                    guard record == ByteBuffer(string: "{}") else { throw LoadFailure(code: "handshake_refused") }
                    records.encoding = session.encoding
                    phase = .open(transport)
                    promise.succeed()
                case .open:
                    if try session.receive(record, at: now, figures: &lane.figures) == .replyEnded { askMore() }
                case .connecting, .closed:
                    return
                }
            }
        } catch {
            ended((error as? LoadFailure)?.code ?? "bad_message")
        }
    }

    /// The transport has ended, or the connection has to.
    func ended(_ code: String) {
        let phase = phase
        self.phase = .closed
        switch phase {
        case .connecting, .closed:
            return
        case .handshake(let transport, let promise):
            promise.fail(LoadFailure(code: code))
            _ = transport.close()
        case .open(let transport):
            lane.figures.disconnected(code)
            _ = transport.close()
        }
        giveUp(code)
    }
}
