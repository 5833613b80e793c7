import HubBackplane

extension HubEndpoint {
    /// The node that holds a connection may take two seconds to add it to a group, or to remove it.
    private static let commandInterval = Duration.milliseconds(500)
    private static let commandAttempts = 4

    func add(_ connectionID: String, to group: String) async {
        if roster.connection(connectionID) != nil {
            await addHere(connectionID, to: group)
        } else {
            await command(.add, connectionID, group: group)
        }
    }

    func remove(_ connectionID: String, from group: String) async {
        if roster.connection(connectionID) != nil {
            removeHere(connectionID, from: group)
        } else {
            await command(.remove, connectionID, group: group)
        }
    }

    /// Subscribes before joining, so that a member misses nothing of what other nodes send. A connection that ends
    /// meanwhile cannot join any more, and the subscription is given back.
    private func addHere(_ connectionID: String, to group: String) async {
        await subscriptions.retain(.group(group))
        if !roster.join(connectionID, group) { subscriptions.release(.group(group)) }
    }

    private func removeHere(_ connectionID: String, from group: String) {
        if roster.leave(connectionID, group) { subscriptions.release(.group(group)) }
    }

    /// Asks the node that holds the connection.
    private func command(_ command: GroupCommand, _ connectionID: String, group: String) async {
        let me = HubAddress.node(server.node)
        await subscriptions.retain(me)
        await commands.perform(every: Self.commandInterval, attempts: Self.commandAttempts) { [self] number in
            let body = Envelope.Body.groupCommand(number: number, command, group: group)
            publish(body, to: .connection(connectionID)) { [commands] receivers in
                if receivers == 0 { commands.finish(number) }
            }
        }
        subscriptions.release(me)
    }

    /// Does what another node asks. A connection that has just gone is answered for, too: there is nothing to wait for.
    func perform(_ command: GroupCommand, on connectionID: String, group: String, number: UInt64, for node: NodeID) {
        Task {
            switch command {
            case .add: await addHere(connectionID, to: group)
            case .remove: removeHere(connectionID, from: group)
            }
            publish(.acknowledgement(number: number), to: .node(node))
        }
    }
}
