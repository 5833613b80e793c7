import HubBackplane

extension HubEndpoint {
    func add(_ connectionID: String, to group: String) async -> HubGroupChange {
        HubGroupChange(await command(.add(group: group), connectionID))
    }

    func remove(_ connectionID: String, from group: String) async -> HubGroupChange {
        HubGroupChange(await command(.remove(group: group), connectionID))
    }

    /// Subscribes before joining, so that a member misses nothing of what other nodes send. A connection that ends
    /// meanwhile cannot join any more, and the subscription is given back.
    func addHere(_ connectionID: String, to group: String) async -> CommandOutcome {
        await subscriptions.retain(.group(group))
        if roster.join(connectionID, group) {
            await presence?.write(connectionID, at: .group(group))
            return .done
        }
        subscriptions.release(.group(group))
        return roster.connection(connectionID) == nil ? .notFound : .done
    }

    func removeHere(_ connectionID: String, from group: String) {
        guard roster.leave(connectionID, group) else { return }
        subscriptions.release(.group(group))
        presence?.changed(connectionID, at: .group(group))
    }
}

extension HubGroupChange {
    fileprivate init(_ outcome: CommandOutcome?) {
        self =
            switch outcome {
            case .done: .done
            case .notFound, .refused: .noSuchConnection
            case nil: .unconfirmed
            }
    }
}
