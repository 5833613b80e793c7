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

    /// Whether it reads slowly.
    let isSlow: Bool
    private let lane: LoadLane
    private var phase = Phase.connecting
    private var records = RecordSplitter(maximumRecordSize: 16 * 1024 * 1024)
    private var session: ChatSession
    private var isAsking = false

    init(lane: LoadLane, isSlow: Bool) {
        self.lane = lane
        self.isSlow = isSlow
        let configuration = lane.configuration
        session = ChatSession(
            encoding: configuration.encoding, prompt: configuration.prompt, resumes: configuration.resumes,
            isTimed: !isSlow)
    }

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    var openReplies: Int { session.openReplies }

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
        cutLater()
    }

    private func askMore() {
        guard isAsking else { return }
        while case .open(let transport) = phase, session.openReplies < lane.configuration.concurrency,
            lane.mayAsk(after: session.asked)
        {
            let now = NIODeadline.now().uptimeNanoseconds
            transport.send(session.ask(at: now, isHashed: lane.hashesNext()))
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
                    switch try session.receive(record, at: now, figures: &lane.figures) {
                    case .nothing: break
                    case .replyEnded: askMore()
                    case .message(let message): send(message)
                    case .later(let message):
                        lane.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { self.send(message) }
                    }
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
            if resumes { return }
        case .open(let transport):
            _ = transport.close()
            if resumes { return reconnect() }
            // One that asks no more is needed no more.
            if !lane.configuration.resumes { lane.figures.disconnected(code) }
        }
        giveUp(code)
    }

    // MARK: Connecting again

    /// A connection that asks no more is not made again.
    private var resumes: Bool { lane.configuration.resumes && isAsking }

    private func send(_ message: ByteBuffer) {
        if case .open(let transport) = phase { transport.send(message) }
    }

    /// After a moment that is a client's own: those of a node that died do not come to another one all at once.
    private func reconnect(attempt: Int64 = 0) {
        let most = min(200 << min(attempt, 5), 5000) as Int64
        lane.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(.random(in: 0..<most))) {
            guard self.isAsking else { return }
            self.phase = .connecting
            self.records = RecordSplitter(maximumRecordSize: 16 * 1024 * 1024)
            self.lane.connectAgain(self).assumeIsolated().whenComplete { result in
                guard case .success = result else { return self.reconnect(attempt: attempt + 1) }
                self.lane.figures.reconnected(resuming: self.session.openReplies)
                self.session.resume().forEach(self.send)
                self.askMore()
            }
        }
    }

    private func cutLater() {
        guard let period = lane.configuration.reconnectEvery.map({ TimeAmount($0).nanoseconds }) else { return }
        let wait = TimeAmount.nanoseconds(.random(in: period / 2...period / 2 * 3))
        lane.eventLoop.assumeIsolated().scheduleTask(in: wait) {
            guard self.isAsking else { return }
            if self.isOpen { self.ended("cut") }
            self.cutLater()
        }
    }
}
