import HubBackplane
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// The requests that arrived at this node for connections whose home is another one.
package final class RelayEdge: Sendable {
    struct State: Sendable {
        var pending: [UInt64: RelayedRequest] = [:]
        var sessions: [UInt64: RelayedSession] = [:]
        /// What became of polls that were answered with messages, for homes that ask again.
        var polls = RelayMemory<UInt64, PollOutcome>()
        /// Connections that were found to be claimed by other nodes.
        var elsewhere = RelayMemory<String, Void>()
    }

    /// What has become of a poll's messages.
    enum PollOutcome: Sendable { case underWay, delivered, notDelivered }

    let backplane: any Backplane
    let names: BackplaneNames
    let node: NodeID
    let time: ClusterTime
    let nodes: any RelayNodes
    let times: RelayTimes
    let pollTimeout: Duration
    let state = NIOLockedValueBox(State())
    let watches: RelayWatches
    let metrics = RelayMetrics()
    private let subscriptions: ChannelSubscriptions
    private let ticker: RelayTicker
    private let lastNumber = NIOLockedValueBox(UInt64.random(in: .min ... .max))

    init(
        backplane: any Backplane, names: BackplaneNames, node: NodeID, time: ClusterTime, nodes: any RelayNodes,
        options: HubOptions, logger: Logger
    ) {
        self.backplane = backplane
        self.names = names
        self.node = node
        self.time = time
        self.nodes = nodes
        watches = RelayWatches(nodes: nodes)
        times = RelayTimes(deadline: options.relayTimeout)
        pollTimeout = options.pollTimeout
        subscriptions = ChannelSubscriptions(
            backplane: backplane, names: names, node: node, hubName: "", logger: logger)
        ticker = RelayTicker(interval: times.interval)
        subscriptions.start(
            { [weak self] _, bytes in self?.receive(bytes) }, onInterruption: { [weak self] in self?.interrupted() })
    }

    /// The home of a connection that is none of this node's, for one request. Returns when the answer can be heard.
    package func home(of connection: String) async -> any ConnectionHome {
        let me = HubAddress.node(node)
        if !subscriptions.retainIfConfirmed(me) { await subscriptions.retain(me) }
        let number = lastNumber.withLockedValue { number in
            number &+= 1
            return number
        }
        return RemoteHome(connection: connection, number: number, edge: self)
    }

    /// Whether it is known that this node is not the connection's home.
    package func isElsewhere(_ connection: String) -> Bool { state.withLockedValue { $0.elsewhere[connection] != nil } }

    /// Another node has claimed a connection.
    ///
    /// - Parameter time: For how long the connection could be claimed.
    package func found(_ connection: String, elsewhereFor time: Duration) {
        state.withLockedValue { $0.elsewhere.remember((), for: connection, until: .now + time) }
        tick()
    }

    func tick() { ticker.start { [weak self] in self?.timePassed() ?? false } }
}

/// The home of one request on another node.
private final class RemoteHome: ConnectionHome {
    var hubConnection: HubConnection? { nil }

    private let connection: String
    private let number: UInt64
    private let edge: RelayEdge

    init(connection: String, number: UInt64, edge: RelayEdge) {
        self.connection = connection
        self.number = number
        self.edge = edge
    }

    func take(_ request: HomeRequest, identity: HubIdentity, from exchange: any EdgeExchange) {
        edge.begin(
            number, RelayedRequest(request, of: connection, identity: identity, from: exchange, at: edge))
    }

    func finished(_ exchange: any EdgeExchange, delivered: Bool) {
        edge.finished(number, connection: connection, delivered: delivered)
    }
}
