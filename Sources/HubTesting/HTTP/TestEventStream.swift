import NIOCore
import NIOHTTP1
import NIOPosix

/// A stream of server-sent events, as a browser's `EventSource` reads one.
public final class TestEventStream: Sendable {
    private let head: HTTPResponseHead
    private let channel: any Channel
    private let pieces: Mailbox<ByteBuffer>

    private init(head: HTTPResponseHead, channel: any Channel, pieces: Mailbox<ByteBuffer>) {
        self.head = head
        self.channel = channel
        self.pieces = pieces
    }

    /// Asks for a stream; returns when the head of the response is there.
    public static func open(_ url: String, headers: [(String, String)] = []) async throws -> TestEventStream {
        let url = try TestURL(url)
        let reader = ResponseReader()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(reader)
                }
            }
            .connect(host: url.host, port: url.port).get()
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: url.target)
        head.headers.add(name: "Host", value: url.authority)
        head.headers.add(name: "Accept", value: "text/event-stream")
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        try await channel.writeAndFlush(HTTPClientRequestPart.end(nil))
        guard let response = await reader.head.next() else { throw ChannelError.eof }
        return TestEventStream(head: response, channel: channel, pieces: reader.pieces)
    }

    /// The response's status; other than 200 it is no stream.
    public var status: Int { Int(head.status.code) }

    /// The first header of this name, without regard to case.
    public func header(_ name: String) -> String? { head.headers.first(name: name) }

    /// The next bytes of the body as they came; nil at its end.
    public func nextBytes() async -> String? { await pieces.next().map { String(buffer: $0) } }

    /// Parses what comes and hands the data of each event on; returns at the end of the stream.
    func read(_ event: (String) -> Void) async {
        var text = ""
        while let bytes = await nextBytes() {
            text += bytes
            // A carriage return and a line feed are one character to Swift.
            while let end = text.firstRange(of: "\r\n\r\n") {
                let lines = text[..<end.lowerBound].split(separator: "\r\n")
                text.removeSubrange(..<end.upperBound)
                let data = lines.filter { $0.hasPrefix("data: ") }.map { $0.dropFirst(6) }
                if !data.isEmpty { event(data.joined(separator: "\n")) }
            }
        }
    }

    /// Leaves.
    public func close() async { try? await channel.close() }
}

private final class ResponseReader: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPClientResponsePart

    let head = Mailbox<HTTPResponseHead>()
    let pieces = Mailbox<ByteBuffer>()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let response): head.put(response)
        case .body(let bytes): pieces.put(bytes)
        case .end: pieces.finish()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        head.finish()
        pieces.finish()
    }
}
