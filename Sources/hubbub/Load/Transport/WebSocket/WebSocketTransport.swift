import HubProtocol
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// A WebSocket (RFC 6455).
final class WebSocketTransport: ChatTransport, ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    let hasInherentKeepAlive = false
    private let target: LoadTarget
    private let connection: ChatConnection
    private let lane: LoadLane
    private let opcode: WebSocketOpcode
    private var context: ChannelHandlerContext?
    private var frames = ServerFrameReader()

    init(to target: LoadTarget, for connection: ChatConnection, lane: LoadLane) {
        self.target = target
        self.connection = connection
        self.lane = lane
        opcode = lane.configuration.encoding.transferFormat == .text ? .text : .binary
    }

    func open(token: String) -> EventLoopFuture<Void> {
        var head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "\(target.path)?id=\(token)", headers: ["Host": target.authority])
        head.headers.add(contentsOf: lane.configuration.headers)
        let upgrader = WebSocketUpgrader(for: NIOLoopBound(self, eventLoop: lane.eventLoop))
        let upgraded = lane.eventLoop.makePromise(of: Void.self)
        lane.openChannel(to: target, isSlow: connection.isSlow) { channel in
            let configuration = NIOUpgradableHTTPClientPipelineConfiguration(
                upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                    upgradeRequestHead: head, upgraders: [upgrader],
                    notUpgradingCompletionHandler: { channel in
                        channel.close(promise: nil)
                        return channel.eventLoop.makeFailedFuture(LoadFailure(code: "upgrade_refused"))
                    }))
            try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(configuration: configuration)
                .cascade(to: upgraded)
        }
        .whenFailure { upgraded.fail($0) }
        return upgraded.futureResult
    }

    func send(_ messages: ByteBuffer) { send(messages, as: opcode) }

    func close() -> EventLoopFuture<Void> {
        guard let context else { return lane.eventLoop.makeSucceededVoidFuture() }
        var code = ByteBuffer()
        code.write(webSocketErrorCode: .normalClosure)
        send(code, as: .connectionClose)
        // Whatever becomes of it.
        return context.close().flatMapErrorThrowing { _ in }
    }

    private func send(_ payload: ByteBuffer, as opcode: WebSocketOpcode) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: payload)
        context?.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let now = NIODeadline.now().uptimeNanoseconds
        frames.receive(unwrapInboundIn(data))
        do throws(LoadFailure) {
            while let frame = try frames.next() {
                switch frame.opcode {
                case .ping: send(frame.payload, as: .pong)
                case .pong: break
                case .connectionClose: throw LoadFailure(code: "closed_by_server")
                default: connection.received(frame.payload, at: now)
                }
            }
        } catch {
            connection.ended(error.code)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { connection.ended("disconnected") }

    func channelInactive(context: ChannelHandlerContext) { connection.ended("disconnected") }
}
