import HubProtocol
import HubServer
import HubTransports
import NIOCore
import NIOEmbedded
import NIOWebSocket
import Testing

@Suite struct WebSocketHandlerTests {
    /// Notes what a WebSocket told it.
    private final class Recorder: WebSocketApplication {
        var messages: [String] = []
        var message = ByteBuffer()
        var isWritableAgain = 0
        var quiesced = 0
        var ends: [WebSocketError?] = []

        func webSocketReceived(_ bytes: ByteBuffer, isText: Bool, endsMessage: Bool) {
            message.writeImmutableBuffer(bytes)
            guard endsMessage else { return }
            messages.append(String(buffer: message))
            message = ByteBuffer()
        }

        func webSocketBecameWritable() { isWritableAgain += 1 }
        func webSocketShouldQuiesce() { quiesced += 1 }
        func webSocketClosed(error: WebSocketError?) { ends.append(error) }
    }

    private let channel = EmbeddedChannel()
    private let webSocket: WebSocketHandler
    private let recorder = Recorder()

    init() throws {
        webSocket = WebSocketHandler(eventLoop: channel.eventLoop, options: HubOptions())
        try channel.pipeline.syncOperations.addHandler(webSocket)
        webSocket.attach(recorder)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func receive(_ frames: ClientFrame...) throws {
        try channel.writeInbound(ByteBuffer(bytes: frames.flatMap(\.bytes)))
    }

    /// All bytes sent since the last call.
    private func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }

    @Test func deliversMessages() throws {
        try receive(.text("one"), .text("tw", isFinal: false), ClientFrame(opcode: 0, payload: [0x6F]))
        #expect(recorder.messages == ["one", "two"])
    }

    @Test func answersPingsWithTheirPayloadInOneFlush() throws {
        try receive(ClientFrame(opcode: 9, payload: [1, 2]), ClientFrame(opcode: 9))
        #expect(try sent() == [0x8A, 2, 1, 2, 0x8A, 0])
    }

    @Test func sendsNoPongsToAClientThatDoesNotRead() throws {
        channel.isWritable = false
        try receive(ClientFrame(opcode: 9, payload: [1, 2]))
        #expect(try sent() == [])
    }

    @Test(
        arguments: [
            (0, [0x81, 0]), (125, [0x81, 125]), (126, [0x81, 126, 0, 126]), (65535, [0x81, 126, 0xFF, 0xFF]),
            (65536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] as [(Int, [UInt8])])
    func writesOneFramePerMessage(length: Int, header: [UInt8]) throws {
        let payload = [UInt8](repeating: 0x61, count: length)
        webSocket.write(ByteBuffer(bytes: payload))
        webSocket.flush()
        #expect(try sent() == header + payload)
    }

    @Test func writesTheHeaderIntoFreeBytesBeforeTheMessage() throws {
        var message = ByteBuffer(bytes: [UInt8](repeating: 0, count: 10) + Array("hello".utf8))
        message.moveReaderIndex(forwardBy: 10)
        webSocket.write(consume message)
        webSocket.flush()
        let first = try channel.readOutbound(as: ByteBuffer.self)
        #expect(first.map { Array($0.readableBytesView) } == [0x81, 5] + Array("hello".utf8))
    }

    @Test func leavesAMessageThatIsSharedAsItIs() throws {
        var message = ByteBuffer(bytes: [UInt8](repeating: 9, count: 10) + Array("hello".utf8))
        message.moveReaderIndex(forwardBy: 10)
        let shared = message
        webSocket.write(message)
        webSocket.flush()
        #expect(try sent() == [0x81, 5] + Array("hello".utf8))
        var before = shared
        before.moveReaderIndex(to: 0)
        #expect(before.readBytes(length: 10) == [UInt8](repeating: 9, count: 10))
    }

    @Test func sendsBinaryFramesForABinaryProtocol() throws {
        webSocket.use(.binary)
        webSocket.write(ByteBuffer(bytes: [1]))
        webSocket.flush()
        #expect(try sent() == [0x82, 1, 1])
    }

    @Test(arguments: [(nil, 1000), (1000, 1000), (1001, 1001), (4000, 4000)] as [(UInt16?, UInt16)])
    func answersACloseFrameAndCloses(code: UInt16?, answer: UInt16) throws {
        try receive(.close(code))
        #expect(try sent() == [0x88, 2, UInt8(answer >> 8), UInt8(answer & 0xFF)])
        channel.embeddedEventLoop.run()
        #expect(!channel.isActive)
        #expect(recorder.ends == [nil])
    }

    @Test func tellsTheClientWhatItDidWrong() throws {
        try receive(ClientFrame(opcode: 3), .text("not read"))
        #expect(try sent() == [0x88, 2, 0x03, 0xEA])
        channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(!channel.isActive)
        #expect(recorder.ends == [.protocolViolation(.protocolError)])
        #expect(recorder.messages == [])
    }

    @Test func closesInOrder() throws {
        webSocket.write(ByteBuffer(string: "bye"))
        webSocket.close(.normal)
        #expect(try sent() == [0x81, 3] + Array("bye".utf8) + [0x88, 2, 0x03, 0xE8])
        webSocket.write(ByteBuffer(string: "late"))
        webSocket.close(.normal)
        try receive(.text("late too"), ClientFrame(opcode: 9))
        #expect(try sent() == [])
        try receive(.close(1000))
        #expect(try sent() == [])
        #expect(!channel.isActive)
        #expect(recorder.ends == [nil])
        #expect(recorder.messages == [])
    }

    @Test func closesWithTheCodeOfTheReason() throws {
        webSocket.close(.failed)
        #expect(try sent() == [0x88, 2, 0x03, 0xF3])
    }

    @Test func doesNotWaitLongForAClientWhenTheServerGoesAway() throws {
        webSocket.close(.goingAway)
        #expect(try sent() == [0x88, 2, 0x03, 0xE9])
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(999))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!channel.isActive)
        #expect(recorder.ends == [nil])
    }

    @Test func abortsAtOnce() throws {
        webSocket.close(.abort)
        #expect(try sent() == [])
        #expect(!channel.isActive)
        #expect(recorder.ends == [nil])
    }

    @Test func closesWhenTheClientEndsItsHalf() throws {
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(!channel.isActive)
        #expect(recorder.ends == [.connectionLost])
    }

    @Test func reportsALostConnectionOnce() throws {
        channel.pipeline.fireErrorCaught(ChannelError.inputClosed)
        #expect(recorder.ends == [.connectionLost])
        webSocket.write(ByteBuffer(string: "nobody"))
        webSocket.close(.normal)
        #expect(recorder.ends.count == 1)
    }

    @Test func passesOnThatTheServerStops() throws {
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(recorder.quiesced == 1)
        #expect(channel.isActive)
    }

    @Test func holdsReadsBackWhileNotReading() throws {
        final class ReadCounter: ChannelOutboundHandler {
            typealias OutboundIn = ByteBuffer
            var reads = 0
            func read(context: ChannelHandlerContext) { reads += 1 }
        }
        let counter = ReadCounter()
        try channel.pipeline.syncOperations.addHandler(counter, position: .first)
        webSocket.setReading(false)
        channel.pipeline.read()
        channel.pipeline.read()
        #expect(counter.reads == 0)
        webSocket.setReading(true)
        #expect(counter.reads == 1)
        channel.pipeline.read()
        #expect(counter.reads == 2)
    }

    @Test func readsTheClientsCloseFrameAlthoughItsApplicationHasStoppedReading() throws {
        webSocket.setReading(false)
        webSocket.close(.normal)
        webSocket.setReading(false)
        channel.pipeline.read()
        try receive(.close(1000))
        #expect(!channel.isActive)
    }

    @Test func tellsWhenItTakesBytesAgain() throws {
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(recorder.isWritableAgain == 0)
        #expect(!webSocket.isWritable)
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(recorder.isWritableAgain == 1)
    }
}
