import HubBackplane
import NIOConcurrencyHelpers
import NIOCore

/// The requests that arrived at other nodes for connections of one hub whose home is this node.
///
/// A request is done once: said again, it is told what became of it.
final class RelayHome: Sendable {
    struct State: Sendable {
        var requests: [RelayRequestID: RelayExchange] = [:]
        var answers = RelayMemory<RelayRequestID, RelayExchange>()
        var bodies = RelayMemory<RelayRequestID, RelayBody>()
        /// Polls that were given messages, until their edge says what became of them.
        var undelivered: [RelayRequestID: RelayExchange] = [:]
        var sessions: [RelayRequestID: Session] = [:]
    }

    /// The home's end of a session whose edge is another node.
    struct Session: Sendable {
        let peer: any SessionPeer
        var receiver = RelayReceiver()
    }

    private let edge: RelayEdge
    private let find: @Sendable (String) -> (any ConnectionHome)?
    let state = NIOLockedValueBox(State())
    let watches: RelayWatches
    private let ticker: RelayTicker

    /// - Parameters:
    ///   - edge: This node's own, which knows the other nodes.
    ///   - find: Finds the home of a connection on this node.
    init(edge: RelayEdge, find: @escaping @Sendable (String) -> (any ConnectionHome)?) {
        self.edge = edge
        self.find = find
        watches = RelayWatches(nodes: edge.nodes)
        ticker = RelayTicker(interval: edge.times.interval)
    }

    var node: NodeID { edge.node }
    var nodes: any RelayNodes { edge.nodes }
    var times: RelayTimes { edge.times }

    func tick() { ticker.start { [weak self] in self?.timePassed() ?? false } }

    /// Says something to an edge.
    ///
    /// - Parameter onNobody: Called when no node listens there, and none is about to.
    func say(_ message: RelayMessage, to node: NodeID, onNobody: (@Sendable () -> Void)? = nil) {
        edge.backplane.publish(message.bytes(), to: edge.names.node(node)) { [nodes] result in
            guard let onNobody, case .success(0) = result else { return }
            Task { if await !nodes.isSomeoneResubscribing() { onNobody() } }
        }
    }

    func receive(_ bytes: ByteBuffer, for connection: String) {
        switch RelayMessage(bytes) {
        case .request(let id, let request): receive(request, id, for: connection)
        case .finished(let id, let delivered): finished(id, delivered: delivered)
        case .fromEdge(let id, let count, let message): received(message, count: count, in: id, of: connection)
        case .received, .answer, .fromHome, nil: break
        }
    }
}

// MARK: Requests

extension RelayHome {
    private enum Arrival {
        case new(RelayExchange, HomeRequest?)
        case again(RelayExchange)
        case piece(of: Int)
        case nothing
    }

    private func receive(_ request: RelayRequest, _ id: RelayRequestID, for connection: String) {
        // The edge has told its client by now that it was not done: this node, or the backplane, was frozen.
        guard edge.time.now <= request.deadline else { return }
        let arrival = state.withLockedValue { state in
            arrived(request, id, for: connection, &state)
        }
        switch arrival {
        case .again(let exchange): exchange.sayAgain()
        case .piece(let count):
            say(.received(id.number, home: node, pieces: UInt16(clamping: count)), to: id.edge)
        case .new(let exchange, let homeRequest):
            watch(id.edge)
            if let homeRequest, let home = find(connection) {
                exchange.home.withLockedValue { $0 = home }
                home.take(homeRequest, identity: request.identity, from: exchange)
            } else {
                exchange.answer(.refused(.unknownConnection))
            }
        case .nothing: return
        }
        tick()
    }

    private func arrived(
        _ request: RelayRequest, _ id: RelayRequestID, for connection: String, _ state: inout State
    ) -> Arrival {
        if let exchange = state.requests[id] ?? state.answers[id] { return .again(exchange) }
        var complete: HomeRequest?
        let exchange = RelayExchange(id: id, connection: connection, relay: self)
        switch request.body {
        case .send(let piece, let count, let bytes):
            var body = state.bodies[id] ?? RelayBody(count: Int(count))
            body.receive(bytes, piece: Int(piece))
            guard let whole = body.whole else {
                state.bodies.remember(body, for: id, until: .now + times.memory)
                return .piece(of: body.received)
            }
            state.bodies.remember(RelayBody(count: 0), for: id, until: .now + times.memory)
            complete = .send(whole)
        case .room: complete = .room
        case .poll(let first): complete = .poll(first)
        case .serverSentEvents(let first): complete = .serverSentEvents(first, exchange.edgePeer())
        case .webSocket: complete = .webSocket(exchange.edgePeer())
        case .terminate: complete = .terminate
        }
        state.requests[id] = exchange
        return .new(exchange, complete)
    }

    /// A request was answered: from now on it is told again for as long as it may be repeated.
    func answered(_ exchange: RelayExchange, isUndelivered: Bool) {
        state.withLockedValue { state in
            state.requests[exchange.id] = nil
            state.answers.remember(exchange, for: exchange.id, until: .now + times.memory)
            if isUndelivered { state.undelivered[exchange.id] = exchange }
        }
        tick()
    }

    /// What became of a poll.
    func finished(_ id: RelayRequestID, delivered: Bool) {
        let exchange = state.withLockedValue { state in
            let exchange = state.undelivered.removeValue(forKey: id) ?? state.requests.removeValue(forKey: id)
            if let exchange { state.answers.remember(exchange, for: id, until: .now + times.memory) }
            return exchange
        }
        exchange?.finished(delivered: delivered)
    }

    /// - Returns: Whether there is something to wait for.
    private func timePassed() -> Bool {
        let (undelivered, isIdle) = state.withLockedValue { state in
            state.answers.forget(at: .now)
            state.bodies.forget(at: .now)
            return (Array(state.undelivered.values), state.isIdle)
        }
        for exchange in undelivered where !exchange.sayAgainIfDue() {
            state.withLockedValue { _ = $0.undelivered.removeValue(forKey: exchange.id) }
        }
        if isIdle { unwatchAll() }
        return !isIdle
    }
}

extension RelayHome.State {
    var isIdle: Bool {
        requests.isEmpty && answers.isEmpty && bodies.isEmpty && undelivered.isEmpty && sessions.isEmpty
    }
}
