import ChatHub
import HubServer
import Logging
import ServiceLifecycle

/// The first of a node's services that is stopped. The listener is still open: load balancers see that the node is not ready,
/// and requests for connections of other nodes are passed on to these.
struct Drain: Service {
    let server: HubServer
    let chat: ChatHub
    let timeout: Duration
    let logger: Logger

    func run() async throws {
        try await gracefulShutdown()
        logger.notice("The node drains", metadata: ["timeout": "\(timeout)"])
        async let replies: Void = chat.drain()
        await server.shutdown()
        await replies
    }
}
