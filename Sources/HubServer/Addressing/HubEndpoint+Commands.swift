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
        if roster.connection(connectionID) != nil { return await perform(command, on: connectionID) }
        let me = HubAddress.node(server.node)
        await subscriptions.retain(me)
        let outcome = await commands.perform(every: Self.commandInterval, attempts: Self.commandAttempts) {
            [self] number in
            publish(.command(number: number, command), to: .connection(connectionID)) { [commands] receivers in
                if receivers == 0 { commands.finish(number, .notFound) }
            }
        }
        subscriptions.release(me)
        return outcome
    }

    /// Does what another node asks, and tells it what came of it. A connection that has just gone is answered for, too:
    /// there is nothing to wait for.
    func perform(_ command: ConnectionCommand, on connectionID: String, number: UInt64, for node: NodeID) {
        Task {
            let outcome = await perform(command, on: connectionID)
            publish(.acknowledgement(number: number, outcome), to: .node(node))
        }
    }

    private func perform(_ command: ConnectionCommand, on connectionID: String) async -> CommandOutcome {
        guard let connection = roster.connection(connectionID) else { return .notFound }
        switch command {
        case .add(let group):
            return await addHere(connectionID, to: group)
        case .remove(let group):
            removeHere(connectionID, from: group)
            return .done
        case .authenticate(let user, let milliseconds):
            let before = connection.principal.withLock { $0 }
            guard await mayAuthenticateAnew(before, user) else { return .refused }
            connection.authenticated(
                as: HubIdentity(
                    user: user, expiration: milliseconds.map { .now + .milliseconds($0) }, closesOnExpiration: true))
            return .done
        case .close(let error, let allowReconnect):
            connection.close(error: error, allowReconnect: allowReconnect)
            return .done
        case .find:
            return .done
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
        let remaining = identity.connectionEnd.map { end in
            let (seconds, attoseconds) = (end - .now).components
            return max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        }
        return await command(.authenticate(user, milliseconds: remaining), connectionID)
    }
}
