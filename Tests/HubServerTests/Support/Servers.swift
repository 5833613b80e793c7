import HubBackplane
import HubServer
import Logging

extension HubServer {
    /// A server of a node of its own; nodes that share a backplane are a cluster.
    static func testing(
        on backplane: any Backplane = InMemoryBackplane(), leaseTime: Duration = NodeLeases.defaultLeaseTime,
        options: HubOptions = HubOptions()
    ) -> HubServer {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let node = NodeID()
        return HubServer(
            backplane: backplane, names: BackplaneNames(app: "test"), node: node,
            leases: NodeLeases(backplane: backplane, node: node, leaseTime: leaseTime, logger: logger),
            options: options,
            logger: logger)
    }
}

extension Hub {
    /// Mounted on a server of its own.
    func mounted(options: HubOptions = HubOptions()) -> HubEndpoint {
        HubServer.testing(options: options).mount(self, at: "/hub")
    }
}
