import HubBackplane
import HubProtocol
import HubServer
import HubTesting

/// Two nodes with the same hub, and clients on both.
struct Cluster {
    let nodes: [HubEndpoint]

    init(on backplane: any Backplane = InMemoryBackplane(), register: (Hub) -> Void = { _ in }) {
        self.init(on: [backplane, backplane], register: register)
    }

    /// - Parameter backplanes: Each node's own way to the others.
    init(on backplanes: [any Backplane], register: (Hub) -> Void) {
        nodes = backplanes.map { backplane in
            let hub = Hub()
            hub.on("Join") { (context, group: String) in await context.groups.add(context.connectionID, to: group) }
            register(hub)
            return HubServer.testing(on: backplane).mount(hub, at: "/hub")
        }
    }

    /// Two clients at each node; those of even number are the user "even" and speak JSON, the others MessagePack.
    func clients() async throws -> [HubTestClient] {
        var clients: [HubTestClient] = []
        for number in 0..<4 {
            clients.append(
                try await HubTestClient.connect(
                    to: nodes[number / 2], userID: number.isMultiple(of: 2) ? "even" : nil,
                    speaksMessagePack: !number.isMultiple(of: 2)))
        }
        // The hub knows a client when the first answer has come.
        for client in clients { try await client.invoke("Join", "everyone") }
        return clients
    }
}

extension [HubTestClient] {
    /// Waits until "News" has come so many times, and a little for those that must not come.
    ///
    /// - Returns: The indices of the clients that were told, each as often as it was.
    func told(_ count: Int) async throws -> [Int] {
        try await eventually { news.count >= count }
        try await Task.sleep(for: .milliseconds(20))
        return news
    }

    private var news: [Int] {
        indices.flatMap { index in
            self[index].inbox.messages.compactMap { message in
                if case .invocation(let invocation) = message, invocation.target == "News" { index } else { nil }
            }
        }
    }
}
