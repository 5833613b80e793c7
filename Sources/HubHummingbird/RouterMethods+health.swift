import HubBackplane
public import HubServer
public import Hummingbird

extension RouterMethods {
    /// Adds `/health/live`, which answers 200 while the process runs, and `/health/ready`, which answers 200 while it
    /// should get new connections and 503 else: at shutdown, while the backplane is away, and while the node's lease is
    /// overdue.
    @discardableResult
    public func health(of server: HubServer) -> Self {
        get("/health/live") { _, _ in "Healthy" }
        get("/health/ready") { _, _ in
            server.isReady
                ? EditedResponse(status: .ok, response: "Healthy")
                : EditedResponse(status: .serviceUnavailable, response: "Unhealthy")
        }
        return self
    }
}

extension HubServer {
    fileprivate var isReady: Bool { backplane.isReady && leases.term != nil && !isShuttingDown }
}
