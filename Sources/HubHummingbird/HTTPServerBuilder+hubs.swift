public import HummingbirdCore

extension HTTPServerBuilder {
    /// An HTTP/1.1 server that also opens the WebSockets of hubs.
    ///
    /// - Parameters:
    ///   - hubs: The hubs; those mounted later are found too.
    ///   - configuration: How plain requests are served, as for `.http1(configuration:)`.
    public static func http1WithHubs(
        _ hubs: HTTPHubs, configuration: HTTP1Channel.Configuration = .init()
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            HubChannel(hubs: hubs, configuration: configuration, responder: responder)
        }
    }

    /// A server with TLS that serves HTTP/2, and HTTP/1.1 that also opens the WebSockets of hubs, whichever a client's
    /// handshake asks for.
    ///
    /// - Parameters:
    ///   - hubs: The hubs; those mounted later are found too.
    ///   - certificate: What it shows its clients; run it as a service beside, so that it is read again when it changes.
    ///   - configuration: How plain requests are served, as for `.http1(configuration:)`.
    public static func tlsWithHubs(
        _ hubs: HTTPHubs, certificate: TLSCertificateFiles, configuration: HTTP1Channel.Configuration = .init()
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            HubTLSChannel(hubs: hubs, certificate: certificate, configuration: configuration, responder: responder)
        }
    }
}
