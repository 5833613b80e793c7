import HubServer
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// A connection with TLS: what its client and this server agree on in its handshake (ALPN, RFC 7301) makes it one of
/// HTTP/2, or of HTTP/1.1, which may become the WebSocket of a hub.
struct HubTLSChannel: ServerChildChannel {
    enum Negotiated: Sendable {
        case http1(HubChannel.Value)
        case http2(HTTP2Channel.Value)
    }

    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let negotiated: EventLoopFuture<Negotiated>
    }

    /// How long a client may take to shake hands.
    private static let handshakeTimeout = TimeAmount.seconds(15)

    private let certificate: TLSCertificateFiles
    private let http1: HubChannel
    private let http2: HTTP2Channel

    init(
        hubs: HTTPHubs, certificate: TLSCertificateFiles, configuration: HTTP1Channel.Configuration,
        responder: @escaping HTTPChannelHandler.Responder
    ) {
        self.certificate = certificate
        let http1 = HubChannel(hubs: hubs, configuration: configuration, isSecure: true, responder: responder)
        self.http1 = http1
        let idleTimeout = configuration.idleTimeout.map { Duration.nanoseconds($0.nanoseconds) }
        http2 = HTTP2Channel(
            responder: { request, writer, stream in
                // Each request is a channel of its own.
                let watch = ClientWatch(ofStream: stream, server: hubs.server)
                try await watch.watchStream()
                // A closure can take out what it cannot consume.
                var writer = Optional(writer)
                try await RequestChannel.$current.withValue(RequestChannel(watch: watch, connection: nil)) {
                    guard let writer = writer.take() else { return }
                    try await http1.responder(request, writer, stream)
                }
            },
            configuration: .init(
                idleTimeout: idleTimeout, streamConfiguration: .init(idleTimeout: configuration.idleTimeout)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(NIOSSLServerHandler(context: certificate.context))
            let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Negotiated> { result in
                switch result {
                case .negotiated("h2"):
                    http2.setup(channel: channel, logger: logger).map { .http2($0) }
                case .negotiated, .fallback:
                    http1.setup(channel: channel, logger: logger).map { .http1($0) }
                }
            }
            try pipeline.addHandler(negotiation)
            let negotiated = negotiation.protocolNegotiationResult
            let timeout = channel.eventLoop.assumeIsolated().scheduleTask(in: Self.handshakeTimeout) {
                channel.close(promise: nil)
            }
            negotiated.assumeIsolated().whenComplete { _ in timeout.cancel() }
            return Value(channel: channel, negotiated: negotiated)
        }
    }

    func handle(value: Value, logger: Logger) async {
        let negotiated = await withTaskCancellationHandler {
            try? await value.negotiated.get()
        } onCancel: {
            value.channel.close(promise: nil)
        }
        switch negotiated {
        case .http1(let channel): await http1.handle(value: channel, logger: logger)
        case .http2(let channel): await http2.handle(value: channel, logger: logger)
        case nil: break  // its client did not shake hands
        }
    }
}
