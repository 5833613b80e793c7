import HTTPTypes
import HubServer
import HubTransports
public import HummingbirdCore
public import Logging
public import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// An HTTP/1.1 connection that may become the WebSocket of a hub with any of its requests.
public struct HubChannel: ServerChildChannel, HTTPChannelHandler {
    /// A connection, and what its first request made of it.
    public struct Value: ServerChildChannelValue {
        public let channel: any Channel
        let watch: ClientWatch
        let handler: NIOLoopBound<HubUpgradeHandler>
        let opening: EventLoopFuture<HubChannelOpening>
    }

    public let responder: Responder
    private let hubs: HTTPHubs
    private let configuration: HTTP1Channel.Configuration
    private let isSecure: Bool

    init(
        hubs: HTTPHubs, configuration: HTTP1Channel.Configuration, isSecure: Bool = false,
        responder: @escaping Responder
    ) {
        self.hubs = hubs
        self.configuration = configuration
        self.isSecure = isSecure
        self.responder = { request, writer, channel in
            do {
                let request = hubs.spelledAsRouted(request)
                if let refusal = await hubs.refusal(ofMethodIn: request) {
                    try await refusal.body.write(writer.writeHead(refusal.head))
                } else if let connection = ReusedConnection.current, let access = hubs.access(upgradedBy: request.head)
                {
                    let refusal = try await connection.decide(request.head, access)
                    try await RefusedUpgrade.respond(to: request, refusal, writer, channel, responder)
                } else {
                    try await responder(request, writer, channel)
                }
                ClientWatch.current?.responded(isWritten: true)
            } catch {
                ClientWatch.current?.responded(isWritten: false)
                throw error
            }
        }
    }

    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = configuration.httpDecoder.maxHeaderFieldSize
            limits.maxHeaderListSize = configuration.httpDecoder.maxHeaderListSize
            limits.maxHeaderFieldCount = configuration.httpDecoder.maxHeaderFieldCount
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
            let encoder = HTTPResponseEncoder()
            let codec = HTTP1ToHTTPServerCodec(secure: isSecure)
            let additional = configuration.additionalChannelHandlers()
            let connectionState = HTTPConnectionStateHandler(
                idleTimeout: configuration.idleTimeout.map { .nanoseconds($0.nanoseconds) }, logger: logger)

            let watch = ClientWatch(channel: channel, server: hubs.server)
            let opening = channel.eventLoop.makePromise(of: HubChannelOpening.self)
            let upgrade = HubUpgradeHandler(
                hubs: hubs, opening: opening, watch: watch, decoder: decoder,
                httpHandlers: [encoder, codec, watch] + additional + [connectionState])
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandlers([encoder, decoder, codec, upgrade, watch])
            try pipeline.addHandlers(additional)
            try pipeline.addHandler(connectionState)
            return Value(
                channel: channel, watch: watch, handler: NIOLoopBound(upgrade, eventLoop: channel.eventLoop),
                opening: opening.futureResult)
        }
    }

    /// Serves plain HTTP until the connection closes. For a WebSocket it returns as soon as that is open: a task that
    /// waited for its end would be the largest part of an idle connection's memory.
    public func handle(value: Value, logger: Logger) async {
        let opening = await withTaskCancellationHandler {
            try? await value.opening.get()
        } onCancel: {
            value.channel.close(promise: nil)
        }
        switch opening {
        case .http(let channel):
            await handle(channel, of: value, logger: logger)
        case .upgrade(let upgrade):
            await handle(upgrade, logger: logger)
        case nil:
            break  // closed before its first request
        }
    }

    /// Plain HTTP, until the connection closes, becomes a WebSocket, or is an event stream to its end.
    private func handle(
        _ channel: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>, of value: Value, logger: Logger
    ) async {
        let connection = ReusedConnection(
            handler: value.handler, channel: value.channel, leavesEventStreams: hubs.options.detachesEventStreams)
        await RequestChannel.$current.withValue(RequestChannel(watch: value.watch, connection: connection)) {
            await handleHTTP(asyncChannel: channel, logger: logger)
        }
        connection.goOn()
    }

    private func handle(_ upgrade: HubUpgrade, logger: Logger) async {
        do throws(HubRefusal) {
            upgrade.accept(try await upgrade.decide())
        } catch {
            guard let channel = try? await upgrade.refuse().get() else { return }
            // The connection is closed after this answer.
            await RefusedUpgrade.$current.withValue(RefusedUpgrade(error)) {
                await handleHTTP(asyncChannel: channel, logger: logger)
            }
        }
    }
}

extension HTTPHubs {
    /// The router tells `/Chat` from `/chat`; hub paths do not.
    fileprivate func spelledAsRouted(_ request: Request) -> Request {
        guard let spelling = spelling(of: request.uri.path) else { return request }
        var head = request.head
        head.path = spelling + (request.uri.query.map { "?" + $0 } ?? "")
        return Request(head: head, body: request.body)
    }

    /// The answer to a request for a hub by a method that is none of the router's, which knows no route for it; nil for any
    /// other request.
    fileprivate func refusal(ofMethodIn request: Request) async -> Response? {
        guard !HTTPRequest.Method.routed.contains(request.method) else { return nil }
        let path = request.uri.path
        if let access = access(at: path) { return await access.response(to: request, maximumPostSize: 0) }
        if let access = negotiatedAccess(at: path) { return await access.negotiateResponse(to: request) }
        return await refreshedAccess(at: path)?.refreshResponse(to: request)
    }
}
