import NIOCore
import NIOPosix
import Synchronization

/// A TCP connection on which a test writes HTTP by hand.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let received: Received

    private final class Received: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        private struct State {
            var bytes: [UInt8] = []
            var isEnded = false
        }

        private let state = Mutex(State())

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            state.withLock { $0.bytes += buffer.readableBytesView }
        }

        func channelInactive(context: ChannelHandlerContext) {
            state.withLock { $0.isEnded = true }
        }

        /// Takes what the rule finds, as soon as it finds something.
        func take(_ count: @Sendable ([UInt8]) -> Int?) async throws -> [UInt8] {
            while true {
                let taken: [UInt8]? = try state.withLock { state in
                    guard let count = count(state.bytes) else {
                        if state.isEnded { throw ChannelError.eof }
                        return nil
                    }
                    defer { state.bytes.removeFirst(count) }
                    return Array(state.bytes.prefix(count))
                }
                if let taken { return taken }
                try await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    private init(channel: any Channel, received: Received) {
        self.channel = channel
        self.received = received
    }

    static func connect(port: Int) async throws -> RawConnection {
        let received = Received()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(received)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawConnection(channel: channel, received: received)
    }

    /// A listener on a port that was free.
    static func listenOnce() async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func send(request: String, headers: [(String, String)], then bytes: [UInt8] = []) async throws {
        let lines = [request, "Host: test"] + headers.map { "\($0): \($1)" }
        try await send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + bytes)
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// The head of a response; its body is read and dropped.
    func readHead() async throws -> String {
        let head = try await received.take { bytes in
            bytes.indices.first { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) }.map { $0 + 4 }
        }
        let text = String(decoding: head, as: UTF8.self)
        let length = text.lowercased().split(separator: "\r\n").compactMap { line in
            line.hasPrefix("content-length: ") ? Int(line.dropFirst(16)) : nil
        }.first
        if let length { _ = try await read(length) }
        return text
    }

    func read(_ count: Int) async throws -> [UInt8] {
        try await received.take { $0.count >= count ? count : nil }
    }

    /// Ends what this side sends, and no more.
    func halfClose() async throws {
        try await channel.close(mode: .output)
    }

    func close() async {
        try? await channel.close()
    }
}
