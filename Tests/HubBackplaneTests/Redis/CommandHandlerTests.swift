import HubBackplane
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import HubBackplaneRedis

@Suite struct CommandHandlerTests {
    private let channel = EmbeddedChannel()
    private let pipeline: CommandPipeline
    private let timeout = TimeAmount.seconds(5)

    init() throws {
        pipeline = CommandPipeline(eventLoop: channel.eventLoop, pendingBytesLimit: 1000)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 6379)).wait()
        try channel.pipeline.syncOperations.addHandler(
            CommandHandler(pipeline: pipeline, timeout: timeout, logger: .silent))
    }

    private func send(_ commands: Int, replies: Int = 1) -> Record<Result<[RESPValue], BackplaneError>> {
        let results = Record<Result<[RESPValue], BackplaneError>>()
        for _ in 0..<commands {
            pipeline.send(
                replies: replies, encode: { buffer in (0..<replies).forEach { _ in buffer.writeCommand("PING") } },
                complete: { results.append($0) })
        }
        channel.embeddedEventLoop.run()
        return results
    }

    @Test func commandsOfOneGoLeaveWithOneWrite() throws {
        _ = send(3)
        let written = try #require(try channel.readOutbound(as: ByteBuffer.self))
        #expect(String(buffer: written) == String(repeating: "*1\r\n$4\r\nPING\r\n", count: 3))
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
    }

    @Test func repliesCutAnywhereReachTheirCommands() throws {
        let wire: ByteBuffer = ":1\r\n$5\r\na\r\nbc\r\n*2\r\n$-1\r\n*1\r\n+OK\r\n-ERR no\r\n$0\r\n\r\n*-1\r\n*0\r\n"
        let replies: [RESPValue] = [
            .integer(1), .string("a\r\nbc"), .array([.null, .array([.status("OK")])]), .error("ERR no"), .string(""),
            .null, .array([]),
        ]
        for cut in 0...wire.readableBytes {
            let results = send(replies.count)
            try channel.writeInbound(#require(wire.getSlice(at: 0, length: cut)))
            try channel.writeInbound(#require(wire.getSlice(at: cut, length: wire.readableBytes - cut)))
            #expect(results.all == replies.map { .success([$0]) })
        }
        let results = send(replies.count)
        for byte in wire.readableBytesView {
            try channel.writeInbound(ByteBuffer(bytes: [byte]))
        }
        #expect(results.all == replies.map { .success([$0]) })
    }

    @Test func severalRepliesOfOneUnitCompleteItOnce() throws {
        let results = send(2, replies: 3)
        try channel.writeInbound(":1\r\n:2\r\n" as ByteBuffer)
        #expect(results.count == 0)
        try channel.writeInbound(":3\r\n:4\r\n:5\r\n" as ByteBuffer)
        #expect(results.all == [.success([.integer(1), .integer(2), .integer(3)])])
        try channel.writeInbound(":6\r\n" as ByteBuffer)
        #expect(results.all.last == .success([.integer(4), .integer(5), .integer(6)]))
    }

    @Test func anOverdueCommandClosesTheConnectionAndAllFail() throws {
        let results = send(2)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(4900))
        try channel.writeInbound(":1\r\n" as ByteBuffer)
        #expect(results.all == [.success([.integer(1)])])
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(600))
        #expect(results.all.compactMap(\.error?.code) == [.timeout])
        #expect(!channel.isActive)
        #expect(send(1).all.compactMap(\.error?.code) == [.unavailable])
    }

    @Test func anIdleConnectionIsPinged() throws {
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        let written = try #require(try channel.readOutbound(as: ByteBuffer.self))
        #expect(String(buffer: written) == "*1\r\n$4\r\nPING\r\n")
        channel.embeddedEventLoop.advanceTime(by: .seconds(6))
        #expect(!channel.isActive)
    }

    @Test(arguments: [
        "-LOADING Redis is loading the dataset in memory\r\n", "-READONLY You can't write\r\n", "-NOAUTH Go away\r\n",
        "?what\r\n",
    ])
    func aServerThatCannotBeUsedIsLeft(reply: String) throws {
        let results = send(2)
        try channel.writeInbound(ByteBuffer(string: reply))
        #expect(results.all.compactMap(\.error?.code) == [.timeout, .timeout])
        #expect(!channel.isActive)
    }

    @Test func aReplyToNothingClosesTheConnection() throws {
        try channel.writeInbound("+OK\r\n" as ByteBuffer)
        #expect(!channel.isActive)
    }

    @Test func moreThanThePendingBytesIsRefused() throws {
        let results = send(100)
        let accepted = try #require(try channel.readOutbound(as: ByteBuffer.self)).readableBytes / 14
        #expect(results.all.compactMap(\.error?.code) == Array(repeating: .unavailable, count: 100 - accepted))
        #expect(accepted == 72)
        try channel.writeInbound(ByteBuffer(string: String(repeating: "+PONG\r\n", count: accepted)))
        #expect(results.count == 100)
        #expect(send(1).count == 0)
    }
}

extension Result {
    fileprivate var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
