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
}
