/// What is done to connections from outside: those of an address (all, one, a group's or a user's), on whichever nodes.
extension HubEndpoint {
    /// Calls a method on the clients.
    ///
    /// - Parameter excluded: Ids of connections that are left out, of all or of a group.
    /// - Throws: `EncodingError` where JSON has no form for an argument.
    package func send(
        _ target: String, _ arguments: [HubValue], to address: HubAddress, except excluded: [String] = []
    ) throws {
        let message = try SharedMessage(target: target, arguments)
        switch address {
        case .all: deliver(message, to: .all(except: excluded))
        case .connection(let id): deliver(message, to: .connections([id]))
        case .group(let name): deliver(message, to: .groups([name], except: excluded))
        case .user(let id): deliver(message, to: .users([id]))
        case .node: break
        }
    }

    /// Ends connections.
    ///
    /// - Parameter reason: What clients are told went wrong; nil for nothing.
    /// - Returns: As all of these: `.notFound` where there is none, nil where nodes have not answered. Those of all, of a group
    ///   or a user are done when all nodes have.
    package func close(
        _ address: HubAddress, reason: String?, except excluded: [String] = []
    ) async -> CommandOutcome? {
        let close = ConnectionCommand.close(error: reason, allowReconnect: false, except: excluded)
        if case .connection = address { return await command(close, at: address) }
        return await commandEverywhere(close, at: address)
    }

    /// Whether there are connections, in a group where one is named.
    package func find(_ address: HubAddress, inGroup group: String? = nil) async -> CommandOutcome? {
        await command(.find(inGroup: group), at: address)
    }

    /// Shows a stream of the hub's to the connections that are there now (``HubStreams``).
    package func show(stream: String, to address: HubAddress) async -> CommandOutcome? {
        await command(.show(stream: stream), at: address)
    }

    /// What the hub does with streams that backends feed; nil for nothing.
    package var streams: (any HubStreams)? { registrations.streams }

    /// Adds connections to a group.
    package func add(_ address: HubAddress, toGroup group: String) async -> CommandOutcome? {
        await command(.add(group: group), at: address)
    }

    /// Removes connections from a group.
    package func remove(_ address: HubAddress, fromGroup group: String) async -> CommandOutcome? {
        await command(.remove(group: group), at: address)
    }

    /// Removes connections from all their groups.
    package func removeFromAllGroups(_ address: HubAddress) async -> CommandOutcome? {
        await command(.removeFromAllGroups, at: address)
    }
}
