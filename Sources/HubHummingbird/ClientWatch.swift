import HubServer
import HummingbirdCore
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTPTypes

/// Watches the client of a plain HTTP connection while its request is answered.
///
/// A server that allows half-closed sockets does not notice that the client of a poll has left until it writes to it. And
/// a web server that stops waits for all its connections before services behind it are told, and polls and streams would
/// wait for the hub server's word: so the first connection told shuts down the hub server.
final class ClientWatch: ChannelDuplexHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = NIOAny
    typealias OutboundIn = HTTPResponsePart

    private struct State {
        var hasLeft = false
        var hasEndedResponse = false
        var onClientLeft: (@Sendable () -> Void)?
        var onResponse: (@Sendable (_ isWritten: Bool) -> Void)?
        /// When the connection is closed, where that was said.
        var end: NIODeadline?
        /// Runs until a time that was said last or before: the next request of the connection may say another one.
        var timer: Scheduled<Void>?
    }

    private let channel: any Channel
    private let server: HubServer
    /// Whether it is one request of a connection of HTTP/2: its end is no sign that the client has left.
    private let isStream: Bool
    private let state = NIOLockedValueBox(State())

    init(channel: any Channel, server: HubServer) {
        self.channel = channel
        self.server = server
        isStream = false
    }

    /// For one request of a connection of HTTP/2.
    init(ofStream stream: any Channel, server: HubServer) {
        channel = stream
        self.server = server
        isStream = true
    }

    /// Puts itself into the pipeline of its stream, where it sees what is HTTP.
    func watchStream() async throws {
        try await channel.eventLoop.submit { [channel] in
            let pipeline = channel.pipeline.syncOperations
            let next = try pipeline.handler(type: HTTPConnectionStateHandler.self)
            try pipeline.addHandler(self, position: .before(next))
        }.get()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if isStream, !context.channel.isActive { clientLeft() }
    }

    /// A stream is over with its response, and closes before anybody is told that it was written.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isStream, case .end = unwrapOutboundIn(data) { state.withLockedValue { $0.hasEndedResponse = true } }
        context.write(data, promise: promise)
    }

    var eventLoop: any EventLoop { channel.eventLoop }

    var remoteAddress: String? { channel.remoteAddress?.ipAddress }

    /// The response is a stream: it shall not be the kernel that keeps what its client does not take.
    func limitWriteBuffers() {
        // A stream has a window of its own (RFC 9113, section 5.2), and NIO stops the program at options it does not know.
        guard !isStream else { return }
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

    /// Closes the connection at this time, unless it is told another one before; nil for never.
    func closes(at end: NIODeadline?) {
        state.withLockedValue { state in
            state.end = end
            if let end, state.timer == nil { state.timer = timer(until: end) }
        }
    }

    private func timer(until time: NIODeadline) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(deadline: time) { self.timePassed() }
    }

    private func timePassed() {
        let isOver = state.withLockedValue { state in
            let isOver = state.end.map { $0 <= .now() } ?? false
            state.timer = isOver ? nil : state.end.map { timer(until: $0) }
            return isOver
        }
        if isOver { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        state.withLockedValue { $0.timer.take() }?.cancel()
    }

    private func clientLeft() {
        let action = state.withLockedValue { state -> (@Sendable () -> Void)? in
            guard !state.hasEndedResponse else { return nil }
            state.hasLeft = true
            return state.onClientLeft.take()
        }
        action?()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed where !isStream:
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
