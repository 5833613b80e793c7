import HubBackplane

extension HubEndpoint {
    func add(_ connectionID: String, to group: String) async {
        _ = await command(.add(group: group), connectionID)
    }

    func remove(_ connectionID: String, from group: String) async {
        _ = await command(.remove(group: group), connectionID)
    }

    /// Subscribes before joining, so that a member misses nothing of what other nodes send. A connection that ends
    /// meanwhile cannot join any more, and the subscription is given back.
    func addHere(_ connectionID: String, to group: String) async -> CommandOutcome {
        await subscriptions.retain(.group(group))
        if roster.join(connectionID, group) { return .done }
        subscriptions.release(.group(group))
        return roster.connection(connectionID) == nil ? .notFound : .done
    }

    func removeHere(_ connectionID: String, from group: String) {
        if roster.leave(connectionID, group) { subscriptions.release(.group(group)) }
    }
}
