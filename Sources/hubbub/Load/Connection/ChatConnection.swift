import HubProtocol
import NIOCore
import NIOWebSocket

/// One client: a WebSocket on one side, a ``ChatSession`` on the other.
final class ChatConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    private enum Phase { case upgraded, handshake(EventLoopPromise<Void>), open, closed }

    private let lane: LoadLane
    private var context: ChannelHandlerContext?
    private var phase = Phase.upgraded
    private var frames = ServerFrameReader()
    private var records = RecordSplitter(maximumRecordSize: 16 * 1024 * 1024)
    private var session = ChatSession()
    private var isAsking = false

    init(lane: LoadLane) { self.lane = lane }

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: Sending

    func shakeHands() -> EventLoopFuture<Void> {
        let promise = lane.eventLoop.makePromise(of: Void.self)
        phase = .handshake(promise)
        send(ByteBuffer(string: "{\"protocol\":\"json\",\"version\":1}\u{1E}"))
        return promise.futureResult
    }

    func ping() {
        if isOpen { send(ByteBuffer(string: "{\"type\":6}\u{1E}")) }
    }

    func beginAsking() {
        isAsking = true
        askMore()
    }

    private func askMore() {
        guard isAsking else { return }
        while isOpen, session.openReplies < lane.configuration.concurrency, lane.mayAsk(after: session.asked) {
            let now = NIODeadline.now().uptimeNanoseconds
            send(session.ask(lane.configuration.prompt, at: now, isHashed: lane.hashesNext()))
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

    func close() {
        guard isOpen, let context else { return }
        phase = .closed
        var code = ByteBuffer()
        code.write(webSocketErrorCode: .normalClosure)
        send(code, opcode: .connectionClose)
        context.close(promise: nil)
    }

    private func send(_ payload: ByteBuffer, opcode: WebSocketOpcode = .text) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: payload)
        context?.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let now = NIODeadline.now().uptimeNanoseconds
        frames.receive(unwrapInboundIn(data))
        do {
            while let frame = try frames.next() {
                switch frame.opcode {
                case .ping: send(frame.payload, opcode: .pong)
                case .pong: break
                case .connectionClose: throw LoadFailure(code: "closed_by_server")
                default: try received(frame.payload, at: now)
                }
            }
        } catch {
            ended((error as? LoadFailure)?.code ?? "bad_message")
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { ended("disconnected") }

    func channelInactive(context: ChannelHandlerContext) { ended("disconnected") }

    private func received(_ payload: ByteBuffer, at now: UInt64) throws {
        records.feed(payload)
        while let record = try records.next() {
            if case .handshake(let promise) = phase {
                guard record == ByteBuffer(string: "{}") else { throw LoadFailure(code: "handshake_refused") }
                phase = .open
                promise.succeed()
            } else if try session.receive(record, at: now, figures: &lane.figures) == .replyEnded {
                askMore()
            }
        }
    }

    private func ended(_ code: String) {
        switch phase {
        case .closed: return
        case .handshake(let promise): promise.fail(LoadFailure(code: code))
        case .open: lane.figures.disconnected(code)
        case .upgraded: break
        }
        phase = .closed
        context?.close(promise: nil)
        giveUp(code)
    }
}
