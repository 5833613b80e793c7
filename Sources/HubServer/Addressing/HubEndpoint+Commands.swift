import HubBackplane
import Synchronization

extension HubEndpoint {
    /// The node that holds a connection may take two seconds to do what it is asked.
    private static let commandInterval = Duration.milliseconds(500)
    private static let commandAttempts = 4

    /// Has something done to a connection, on whichever node it is.
    ///
    /// - Returns: Nil where the node that holds the connection has not answered.
    func command(_ command: ConnectionCommand, _ connectionID: String) async -> CommandOutcome? {
        await self.command(command, at: .connection(connectionID))
    }

    /// Has something done to all connections of an address, on all nodes.
    ///
    /// - Returns: Nil where nodes that may hold one have not answered.
    func command(_ command: ConnectionCommand, at address: HubAddress) async -> CommandOutcome? {
        guard let outcome = await perform(command, on: here(at: address), of: address) else {
            return await ask(command, at: address)
        }
        if case .connection = address { return outcome }
        guard outcome != .notFound else { return await ask(command, at: address) }
        // It is known already what to answer.
        publish(.command(number: Self.noAnswer, command), to: address)
        return outcome
    }

    private static let noAnswer: UInt64 = 0

    /// The same, and waits until all nodes that have any have done it.
    ///
    /// - Returns: Nil where some have not answered.
    func commandEverywhere(_ command: ConnectionCommand, at address: HubAddress) async -> CommandOutcome? {
        let here = await perform(command, on: here(at: address), of: address)
        let elsewhere = await ask(command, at: address, asksAll: true)
        return here == .done && elsewhere != nil ? .done : elsewhere
    }

    private func ask(
        _ command: ConnectionCommand, at address: HubAddress, asksAll: Bool = false
    ) async -> CommandOutcome? {
        let me = HubAddress.node(server.node)
        await subscriptions.retain(me)
        let outcome = await commands.perform(
            every: Self.commandInterval, attempts: Self.commandAttempts, asksAll: asksAll
        ) { [self] number in
            publish(.command(number: number, command), to: address) { [self] receivers in
                if commands.isHeard(number, by: receivers) { nobodyIsLeft(number) }
            }
        }
        subscriptions.release(me)
        return outcome
    }

    /// Another node has done what this one has asked; it may have had no connection to do it to.
    func acknowledged(_ number: UInt64, _ outcome: CommandOutcome, by node: NodeID) {
        let isLast =
            outcome == .notFound ? commands.hasNothing(number, node) : commands.answered(number, outcome, by: node)
        if isLast { nobodyIsLeft(number) }
    }

    /// Where all that hear a command have answered nobody else has such a connection, unless its node subscribes to its
    /// channels again just now: its lease says so, and the command is sent again.
    private func nobodyIsLeft(_ number: UInt64) {
        guard server.backplane.isReady else { return commands.finish(number, nil) }
        Task {
            if await !server.leases.isSomeoneResubscribing() { commands.finish(number, otherwise: .notFound) }
        }
    }

    /// Does what another node asks, and tells it what came of it.
    func perform(_ command: ConnectionCommand, at address: HubAddress, number: UInt64, for node: NodeID) {
        let here = here(at: address)
        Task {
            let outcome = await perform(command, on: here, of: address) ?? .notFound
            if number != Self.noAnswer { publish(.acknowledgement(number: number, outcome), to: .node(node)) }
        }
    }

    /// Connections on this node.
    private enum Here {
        case ofHub([HubConnection])
        case ofNoHub([ClientConnection])
    }

    private func here(at address: HubAddress) -> Here {
        clientConnections.map { .ofNoHub($0.connections(at: address)) } ?? .ofHub(receivers(at: address))
    }

    /// - Returns: Nil where there is no connection to do it to.
    private func perform(
        _ command: ConnectionCommand, on here: Here, of address: HubAddress
    ) async -> CommandOutcome? {
        var outcomes: [CommandOutcome] = []
        switch here {
        case .ofNoHub(let connections):
            for connection in connections { outcomes.append(await perform(command, on: connection)) }
        case .ofHub(var connections):
            if connections.isEmpty, let one = await attached(command, address) { connections = [one] }
            if case .show(let stream) = command, !connections.isEmpty {
                streams?.show(stream, to: connections)
                return streams == nil ? .notFound : .done
            }
            for connection in connections { outcomes.append(await perform(command, on: connection)) }
        }
        guard !outcomes.isEmpty else { return nil }
        return outcomes.contains(.done) ? .done : outcomes.last { $0 != .notFound } ?? .notFound
    }

    /// A client may show a newer token as soon as it is attached. To everything else a connection is there from its handshake
    /// on.
    private func attached(_ command: ConnectionCommand, _ address: HubAddress) async -> HubConnection? {
        guard case .authenticate = command, case .connection(let id) = address else { return nil }
        return await homes[id]?.hubConnection
    }

    private func perform(_ command: ConnectionCommand, on connection: HubConnection) async -> CommandOutcome {
        let id = connection.id
        switch command {
        case .add(let group):
            return await addHere(id, to: group)
        case .remove(let group):
            removeHere(id, from: group)
            return .done
        case .removeFromAllGroups:
            for group in roster.groups(of: id) { removeHere(id, from: group) }
            return .done
        case .authenticate(let user, let milliseconds):
            let before = connection.principal.withLock { $0 }
            guard await mayAuthenticateAnew(before, user) else { return .refused }
            connection.authenticated(as: HubIdentity(user: user, milliseconds: milliseconds))
            return .done
        case .close(let error, let allowReconnect, let excluded):
            if !excluded.contains(id) { connection.close(error: error, allowReconnect: allowReconnect) }
            return .done
        case .show:
            // Is done for all connections at once.
            return .notFound
        case .find(let group):
            guard let group else { return .done }
            return roster.groups(of: id).contains(group) ? .done : .notFound
        }
    }
}

// MARK: For transports and management

extension HubEndpoint {
    /// A connected client has shown a newer token. Its user, as sends name it, must be the same: the caller sees to it.
    ///
    /// - Returns: Nil where the node that holds the connection has not answered.
    package func authenticate(_ connectionID: String, as identity: HubIdentity) async -> CommandOutcome? {
        guard let user = identity.user else { return .refused }
        let remaining = identity.connectionEnd.map { max(0, ($0 - .now).milliseconds) }
        return await command(.authenticate(user, milliseconds: remaining), connectionID)
    }
}
