public import HubBackplane
public import HubServer
public import Hummingbird
public import Logging
public import NIOCore
public import ServiceLifecycle

extension Application {
    /// An application of one node that serves hubs beside the router's own routes.
    ///
    /// ```swift
    /// let application = Application(router: Router(), hubs: ["/chat": chat])
    /// try await application.runService()
    /// ```
    ///
    /// - Parameters:
    ///   - router: The routes beside the hubs.
    ///   - hubs: The hubs by their paths.
    ///   - backplane: What connects nodes; give all nodes of a cluster one that they share.
    ///   - names: The names used on the backplane, the same on all nodes.
    ///   - hubOptions: Limits and times of the hubs.
    ///   - httpOptions: How clients may reach the hubs.
    ///   - configuration: Where the application listens.
    ///   - services: Services to run beside.
    ///   - onServerRunning: Called when the application listens.
    ///   - logger: Where it logs.
    public init<Context: RequestContext>(
        router: Router<Context>, hubs: [String: Hub], backplane: any Backplane = InMemoryBackplane(),
        names: BackplaneNames = BackplaneNames(app: "hubbub"),
        hubOptions: HubOptions = HubOptions(), httpOptions: HTTPHubOptions = HTTPHubOptions(),
        configuration: ApplicationConfiguration = ApplicationConfiguration(), services: [any Service] = [],
        onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in },
        logger: Logger = Logger(label: "hubs")
    ) where Responder == RouterResponder<Context> {
        let server = HubServer(backplane: backplane, names: names, options: hubOptions, logger: logger)
        let mounted = HTTPHubs(server: server, options: httpOptions)
        for (path, hub) in hubs { router.hub(path, hub, on: mounted) }
        self.init(
            router: router, server: .http1WithHubs(mounted), configuration: configuration,
            services: services + [server], onServerRunning: onServerRunning, logger: logger)
    }
}
