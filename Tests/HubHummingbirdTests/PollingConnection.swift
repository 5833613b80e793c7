import HubTesting
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import HubServer
@testable import HubTransports

/// A long-polling connection whose requests a test makes one by one, each at the node that it likes. The hub is at `/chat`,
/// and the connection's home is the first node.
struct PollingConnection: Sendable {
    static let handshake = "{\"protocol\":\"json\",\"version\":1}\u{1E}"

    /// The public id.
    let id: String
    /// What is asked for at each node.
    let urls: [String]
    /// The hub as each node has it.
    let endpoints: [HubEndpoint]

    /// At the home.
    var url: String { urls[0] }
    /// The path and query, the same at each node.
    let target: String

    /// Negotiates, and makes the first poll.
    init(to nodes: [TestNode]) async throws {
        let negotiation = try await SignalRTestClient.negotiate(at: nodes[0].url("/chat"))
        let token = try #require(negotiation.id)
        id = try #require(negotiation.connectionId)
        target = "/chat?id=\(token)"
        urls = nodes.map { [target] node in node.url(target) }
        endpoints = try nodes.map { try #require($0.hubs["/chat"]).endpoint }
        #expect(try await testRequest("GET", url).status == 200)
    }

    /// Shakes hands, and polls the answer.
    func shakeHands() async throws {
        #expect(try await testRequest("POST", url, body: Self.handshake).status == 200)
        #expect(try await testRequest("GET", url).body == "{}\u{1E}")
    }

    /// Waits until a poll waits for messages at the connection's home.
    func pollWaits() async throws { try await Self.pollWaits(of: id, at: endpoints[0]) }

    /// Waits until the home knows that no poll is there any more.
    func pollIsGone() async throws { try await Self.home(of: id, at: endpoints[0], awaits: .poll) }

    static func pollWaits(of id: String, at home: HubEndpoint) async throws {
        try await Self.home(of: id, at: home, awaits: .messages)
    }

    private static func home(
        of id: String, at endpoint: HubEndpoint, awaits awaited: LongPolling.StateMachine<HTTPConnection.Poll>.Awaited
    ) async throws {
        try await eventually {
            guard let home = endpoint.home(id) as? HTTPConnection else { return false }
            return try await home.eventLoop.submit {
                if case .longPolling(let machine) = home.state.phase { machine.awaited == awaited } else { false }
            }.get()
        }
    }

    /// Waits until no node has anything left of the connection but what it remembers for a while in case it is asked again.
    func leavesNothing() async throws {
        try await eventually {
            endpoints.allSatisfy { endpoint in
                endpoint.home(id) == nil && endpoint.connectionCount == 0 && endpoint.subscriptions.isEmpty
                    && endpoint.server.population.count == 0
                    && endpoint.relayed.state.withLockedValue {
                        $0.requests.isEmpty && $0.undelivered.isEmpty && $0.sessions.isEmpty
                    }
                    && endpoint.server.relay.state.withLockedValue { $0.pending.isEmpty && $0.sessions.isEmpty }
            }
        }
    }
}

/// Waits until a condition holds; fails after ten seconds.
func eventually(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "the condition did not come to hold")
        try await Task.sleep(for: .milliseconds(2))
    }
}
