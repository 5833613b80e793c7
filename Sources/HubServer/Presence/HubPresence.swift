import HubBackplane

/// Who is there, on all nodes.
///
/// Lists and counts are kept only by hubs that were made with `tracksPresence`. A node that has died is left out as soon
/// as it is judged dead, within about four seconds; in the first question after its death within nine.
public struct HubPresence: Sendable {
    private let endpoint: HubEndpoint

    init(endpoint: HubEndpoint) { self.endpoint = endpoint }

    /// The ids of the connections that are members of a group.
    ///
    /// - Throws: ``HubPresenceError``
    public func members(ofGroup name: String) async throws -> Set<String> {
        try await endpoint.members(of: .group(name))
    }

    /// How many connections are members of a group.
    ///
    /// - Throws: ``HubPresenceError``
    public func memberCount(ofGroup name: String) async throws -> Int {
        try await endpoint.memberCount(of: .group(name))
    }

    /// The ids of a user's connections.
    ///
    /// - Throws: ``HubPresenceError``
    public func connections(ofUser id: String) async throws -> Set<String> {
        try await endpoint.members(of: .user(id))
    }

    /// How many connections a user has.
    ///
    /// - Throws: ``HubPresenceError``
    public func connectionCount(ofUser id: String) async throws -> Int {
        try await endpoint.memberCount(of: .user(id))
    }

    /// Whether there is a connection of this id. Any hub can be asked.
    ///
    /// - Throws: ``HubPresenceError/unavailable`` where nodes that may have it do not answer.
    public func connectionExists(_ id: String) async throws -> Bool { try await endpoint.exists(.connection(id)) }

    /// Whether a group has members. Any hub can be asked.
    ///
    /// - Throws: ``HubPresenceError/unavailable`` where nodes that may have one do not answer.
    public func groupExists(_ name: String) async throws -> Bool { try await endpoint.exists(.group(name)) }

    /// Whether a user has connections. Any hub can be asked.
    ///
    /// - Throws: ``HubPresenceError/unavailable`` where nodes that may have one do not answer.
    public func userExists(_ id: String) async throws -> Bool { try await endpoint.exists(.user(id)) }
}

/// Why nobody can say who is there.
public enum HubPresenceError: Error, Sendable, Equatable {
    /// The hub does not keep lists: see ``Hub/init(name:maximumParallelInvocationsPerClient:tracksPresence:)``.
    case notTracked
    /// The backplane is away, or a node does not answer.
    case unavailable
}
