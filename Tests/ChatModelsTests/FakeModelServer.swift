import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A server on loopback that writes exactly the bytes a test wants, when it wants them.
final class FakeModelServer: Sendable {
    struct Request: Sendable {
        let head: String
        let body: String

        /// The method, target and version.
        var line: Substring { head.prefix { $0 != "\r\n" } }

        func header(_ name: String) -> String? {
            let line = head.split(separator: "\r\n").dropFirst().first { $0.lowercased().hasPrefix("\(name):") }
            return line.map { String($0.drop { $0 != ":" }.dropFirst().trimmingPrefix(" ")) }
        }
    }

    enum Step: Sendable {
        case send(String)
        case sendBytes([UInt8])
        case wait(Duration)
        /// Nothing more, until the client closes.
        case hold
        case close
        case reset
    }

    private struct State {
        var scripts: [[Step]]
        var requests: [Request] = []
        var closed = 0
        var steps = 0
        var port = 0
    }

    private let state: Mutex<State>

    private init(_ scripts: [[Step]]) {
        self.state = Mutex(State(scripts: scripts))
    }

    /// Runs a server whose n-th request is answered with the n-th script, further ones with the last.
    static func run<Result>(
        _ scripts: [Step]..., body: (FakeModelServer) async throws -> Result
    ) async throws -> Result {
        let server = FakeModelServer(scripts)
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 512)
            .childChannelOption(.socketOption(.so_sndbuf), value: 64 * 1024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RequestReader(server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.state.withLock { $0.port = listener.localAddress?.port ?? 0 }
        let result: Result
        do {
            result = try await body(server)
        } catch {
            try? await listener.close()
            throw error
        }
        try await listener.close()
        return result
    }

    var baseURL: String { "http://127.0.0.1:\(state.withLock { $0.port })" }
    var requests: [Request] { state.withLock { $0.requests } }
    /// Connections that have ended.
    var closed: Int { state.withLock { $0.closed } }

    /// Steps that are done; sending is done when the client's side has taken the bytes.
    var steps: Int { state.withLock { $0.steps } }

    fileprivate func channelClosed() {
        state.withLock { $0.closed += 1 }
    }

    fileprivate func answer(_ request: Request, on channel: any Channel) {
        let script = state.withLock { state in
            state.requests.append(request)
            return state.scripts[min(state.requests.count, state.scripts.count) - 1]
        }
        Task {
            for step in script {
                switch step {
                case .send(let text): try? await channel.writeAndFlush(ByteBuffer(string: text))
                case .sendBytes(let bytes): try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
                case .wait(let time): try? await Task.sleep(for: time)
                case .hold: try? await channel.closeFuture.get()
                case .close: try? await channel.close()
                case .reset:
                    let options = channel as? any SocketOptionProvider
                    try? await options?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
                    try? await channel.close()
                }
                state.withLock { $0.steps += 1 }
            }
        }
    }
}

private final class RequestReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let server: FakeModelServer
    private var bytes = ByteBuffer()

    init(_ server: FakeModelServer) {
        self.server = server
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes.writeImmutableBuffer(unwrapInboundIn(data))
        let text = String(buffer: bytes)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return }
        let request = FakeModelServer.Request(
            head: String(text[..<end.lowerBound]), body: String(text[end.upperBound...]))
        guard request.body.utf8.count == request.header("content-length").flatMap({ Int($0) }) ?? 0 else { return }
        bytes.clear()
        server.answer(request, on: context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        server.channelClosed()
    }
}
