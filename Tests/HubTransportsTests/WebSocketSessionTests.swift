import HubBackplane
import HubProtocol
import HubServer
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Testing

@testable import HubTransports

/// A WebSocket that has taken over a connection, at its edge.
@Suite struct WebSocketSessionTests {
    private final class Home: SessionPeer {
        private let messages = NIOLockedValueBox<[SessionMessage]>([])
        func take(_ message: SessionMessage) { messages.withLockedValue { $0.append(message) } }
        var said: [SessionMessage] { messages.withLockedValue { $0 } }
    }

    private let channel = EmbeddedChannel()
    private let webSocket: WebSocketHandler
    private let home = Home()
    private let session: WebSocketSession

    init() throws {
        webSocket = WebSocketHandler(eventLoop: channel.eventLoop, options: HubOptions())
        try channel.pipeline.syncOperations.addHandler(webSocket)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        session = WebSocketSession(
            server: HubServer(
                backplane: InMemoryBackplane(), names: BackplaneNames(app: "test"), logger: Logger(label: "test")),
            place: nil, on: channel.eventLoop)
        session.opened(at: home)
        channel.embeddedEventLoop.run()
    }

    private func say(_ message: SessionMessage) {
        session.take(message)
        channel.embeddedEventLoop.run()
    }

    private func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }

    @Test func whatTheHomeSaysBeforeTheSocketIsOpenIsWrittenThen() throws {
        say(.format(.binary))
        say(.data(ByteBuffer(bytes: [1])))
        #expect(try sent() == [])
        session.start(on: webSocket)
        #expect(try sent() == [0x82, 1, 1])
        say(.data(ByteBuffer(bytes: [2])))
        #expect(try sent() == [0x82, 1, 2])
    }

    @Test func theHomeIsToldWhatTheSocketTook() throws {
        session.start(on: webSocket)
        say(.data(ByteBuffer(repeating: 1, count: SessionWindow.size / 4)))
        #expect(home.said == [.consumed(SessionWindow.size / 4)])
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        say(.data(ByteBuffer(repeating: 1, count: SessionWindow.size / 2)))
        #expect(home.said.count == 1)
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(home.said.last == .consumed(SessionWindow.size / 2))
    }

    @Test func theSocketIsReadNoFurtherThanTheWindow() throws {
        session.start(on: webSocket)
        let piece = ClientFrame(opcode: 2, payload: [UInt8](repeating: 1, count: SessionWindow.size / 2))
        for _ in 1...2 { try channel.writeInbound(ByteBuffer(bytes: piece.bytes)) }
        #expect(home.said.count == 2)
        var reads = 0
        try channel.pipeline.syncOperations.addHandler(ReadCounter { reads += 1 }, position: .first)
        channel.read()
        #expect(reads == 0)
        say(.consumed(SessionWindow.size / 2))
        #expect(reads == 1)
    }

    @Test func aCloseFrameIsMeant() throws {
        session.start(on: webSocket)
        try channel.writeInbound(ByteBuffer(bytes: ClientFrame.close(1000).bytes))
        channel.embeddedEventLoop.run()
        #expect(home.said == [.ended(.graceful)])
    }

    @Test func aLostSocketIsSaidToBeLost() throws {
        session.start(on: webSocket)
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        channel.embeddedEventLoop.run()
        #expect(home.said == [.ended(.lost)])
    }

    @Test func aHomeThatIsGoneCutsTheSocketOff() throws {
        session.start(on: webSocket)
        say(.close(.abort))
        #expect(!channel.isActive)
        #expect(try sent() == [])
        #expect(home.said == [.ended(.lost)])
    }

    @Test func aHomeThatClosesClosesTheSocketInOrder() throws {
        session.start(on: webSocket)
        say(.close(.goingAway))
        #expect(try sent() == [0x88, 2, 0x03, 0xE9])
        try channel.writeInbound(ByteBuffer(bytes: ClientFrame.close(1001).bytes))
        channel.embeddedEventLoop.run()
        #expect(home.said == [.ended(.graceful)])
    }

    @Test func aSocketThatNeverOpensIsSaidToBeLost() throws {
        var resumption: WebSocketResumption? = WebSocketResumption(session)
        say(.data(ByteBuffer(bytes: [1])))
        #expect(resumption != nil)
        resumption = nil
        channel.embeddedEventLoop.run()
        #expect(home.said == [.ended(.lost)])
    }
}

private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private let onRead: () -> Void

    init(onRead: @escaping () -> Void) { self.onRead = onRead }

    func read(context: ChannelHandlerContext) {
        onRead()
        context.read()
    }
}
