import HubServer
import NIOConcurrencyHelpers
import NIOCore

/// Watches the client of a plain HTTP connection while its request is answered.
///
/// A server that allows half-closed sockets does not notice that the client of a poll has left until it writes to it. And
/// a web server that stops waits for all its connections before services behind it are told, and polls and streams would
/// wait for the hub server's word: so the first connection told shuts down the hub server.
final class ClientWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = NIOAny

    /// That of the connection whose requests this task answers.
    @TaskLocal static var current: ClientWatch?

    private struct State {
        var hasLeft = false
        var onClientLeft: (@Sendable () -> Void)?
        var onResponse: (@Sendable (_ isWritten: Bool) -> Void)?
    }

    private let channel: any Channel
    private let server: HubServer
    private let state = NIOLockedValueBox(State())

    init(channel: any Channel, server: HubServer) {
        self.channel = channel
        self.server = server
    }

    var eventLoop: any EventLoop { channel.eventLoop }

    var remoteAddress: String? { channel.remoteAddress?.ipAddress }

    /// The response is a stream: it shall not be the kernel that keeps what its client does not take.
    func limitWriteBuffers() {
        channel.setOption(.socketOption(.so_sndbuf), value: HubWriteBuffers.socket).whenFailure { _ in }
        channel.setOption(.writeBufferWaterMark, value: HubWriteBuffers.channel).whenFailure { _ in }
    }

    /// Has this called when the client leaves before the response is over; at once where it has left.
    func onClientLeft(_ action: (@Sendable () -> Void)?) {
        let hasLeft = state.withLockedValue { state in
            if !state.hasLeft { state.onClientLeft = action }
            return state.hasLeft
        }
        if hasLeft { action?() }
    }

    var hasLeft: Bool { state.withLockedValue { $0.hasLeft } }

    /// Has this called when the response was written, or could not be.
    func onResponse(_ action: @escaping @Sendable (_ isWritten: Bool) -> Void) {
        state.withLockedValue { $0.onResponse = action }
    }

    /// The response to a request is over.
    func responded(isWritten: Bool) {
        let action = state.withLockedValue { state in
            state.onClientLeft = nil
            return state.onResponse.take()
        }
        action?(isWritten)
    }

    private func clientLeft() {
        let action = state.withLockedValue { state in
            state.hasLeft = true
            return state.onClientLeft.take()
        }
        action?()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            clientLeft()
        case is ChannelShouldQuiesceEvent where !server.isShuttingDown:
            Task { [server] in await server.shutdown() }
        default:
            break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        clientLeft()
        context.fireChannelInactive()
    }
}

/// What waits for a slow client outside the hub, at most; the hub's outbox, where text merges, holds the rest.
enum HubWriteBuffers {
    static let socket: ChannelOptions.Types.SocketOption.Value = 64 * 1024
    static let channel = ChannelOptions.Types.WriteBufferWaterMark(low: 16 * 1024, high: 64 * 1024)
}
