import HubBackplane
import Logging
import NIOConcurrencyHelpers
import NIOCore

@testable import HubServer

/// Two nodes: requests for the connection "c" arrive at one, its home is the other.
final class RelayCast: Sendable {
    let edgeBackplane: RelayBackplane
    let homeBackplane: RelayBackplane
    let nodes = RelayNodesOfTest()
    let home = HomeOfTest()
    let edge: RelayEdge
    /// The home's node has an edge of its own.
    let homesEdge: RelayEdge
    let relayed: RelayHome

    init(timeout: Duration = .seconds(3), pollTimeout: Duration = .seconds(90)) {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var options = HubOptions()
        options.relayTimeout = timeout
        options.pollTimeout = pollTimeout
        let base = InMemoryBackplane()
        let names = BackplaneNames(app: "test")
        func edge(_ name: String, _ backplane: RelayBackplane, _ nodes: RelayNodesOfTest) -> RelayEdge {
            RelayEdge(
                backplane: backplane, names: names, node: NodeID(name), time: ClusterTime(backplane: backplane),
                nodes: nodes, options: options, logger: logger)
        }
        edgeBackplane = RelayBackplane(base: base)
        homeBackplane = RelayBackplane(base: base)
        self.edge = edge("edge", edgeBackplane, nodes)
        homesEdge = edge("home", homeBackplane, nodes)
        relayed = RelayHome(edge: homesEdge) { [home] id in id == "c" ? home : nil }
    }

    /// The home's node listens to the connection's channel.
    func listen() async throws {
        _ = try await homeBackplane.subscribe(to: homesEdge.names.connection("c")) { [relayed] event in
            if case .message(let bytes) = event { relayed.receive(bytes, for: "c") }
        }
    }

    /// Sends a request on.
    func ask(_ request: HomeRequest, of connection: String = "c") async -> (ExchangeOfTest, any ConnectionHome) {
        let exchange = ExchangeOfTest()
        let home = await edge.home(of: connection)
        home.take(request, identity: HubIdentity(userID: "ada"), from: exchange)
        return (exchange, home)
    }
}

/// A home that notes what it is asked, and answers what a test wants.
final class HomeOfTest: ConnectionHome {
    var hubConnection: HubConnection? { nil }
    private struct State {
        var requests: [(request: HomeRequest, userID: String?, exchange: any EdgeExchange)] = []
        var finished: [Bool] = []
        var answer: (@Sendable (HomeRequest, any EdgeExchange) -> Void)?
    }

    private let state = NIOLockedValueBox(State())

    /// Has requests answered at once.
    func answers(_ answer: @escaping @Sendable (HomeRequest, any EdgeExchange) -> Void) {
        state.withLockedValue { $0.answer = answer }
    }

    var requests: [HomeRequest] { state.withLockedValue { $0.requests.map(\.request) } }
    var userIDs: [String?] { state.withLockedValue { $0.requests.map(\.userID) } }
    var exchanges: [any EdgeExchange] { state.withLockedValue { $0.requests.map(\.exchange) } }
    var finished: [Bool] { state.withLockedValue { $0.finished } }

    /// The bodies that came.
    var sent: [String] {
        requests.compactMap { if case .send(let bytes) = $0 { String(buffer: bytes) } else { nil } }
    }

    func take(_ request: HomeRequest, identity: HubIdentity, from exchange: any EdgeExchange) {
        let answer = state.withLockedValue { state in
            state.requests.append((request, identity.userID, exchange))
            return state.answer
        }
        answer?(request, exchange)
    }

    func finished(_ exchange: any EdgeExchange, delivered: Bool) {
        state.withLockedValue { $0.finished.append(delivered) }
    }
}

final class ExchangeOfTest: EdgeExchange {
    private let state = NIOLockedValueBox<[HomeAnswer]>([])

    func answer(_ answer: HomeAnswer) { state.withLockedValue { $0.append(answer) } }
    func hold() {}

    var answers: [String] { state.withLockedValue { $0.map { "\($0)" } } }

    /// The first answer, when it is there.
    func value() async throws -> HomeAnswer {
        try await eventually { !self.answers.isEmpty }
        return state.withLockedValue { $0[0] }
    }

    /// Why the request was refused, when that is known; nil where it was not.
    func refusal() async throws -> HomeRefusal? {
        if case .refused(let refusal) = try await value() { refusal } else { nil }
    }
}

final class PeerOfTest: SessionPeer {
    private let messages = NIOLockedValueBox<[SessionMessage]>([])

    func take(_ message: SessionMessage) { messages.withLockedValue { $0.append(message) } }

    var said: [SessionMessage] { messages.withLockedValue { $0 } }
}

/// What is known of nodes, as a test says it.
final class RelayNodesOfTest: RelayNodes {
    private struct State {
        var isSomeoneResubscribing = false
        var onDeath: [NodeID: [@Sendable () -> Void]] = [:]
    }

    private let state = NIOLockedValueBox(State())

    func setResubscribing(_ isResubscribing: Bool) {
        state.withLockedValue { $0.isSomeoneResubscribing = isResubscribing }
    }

    func die(_ node: String) {
        for death in state.withLockedValue({ $0.onDeath[NodeID(node)] ?? [] }) { death() }
    }

    var watched: Set<NodeID> { state.withLockedValue { Set($0.onDeath.keys) } }

    func isSomeoneResubscribing() async -> Bool { state.withLockedValue { $0.isSomeoneResubscribing } }

    func watchForDeath(of node: NodeID, onDeath: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        state.withLockedValue { $0.onDeath[node, default: []].append(onDeath) }
        return { self.state.withLockedValue { $0.onDeath[node] = nil } }
    }
}
