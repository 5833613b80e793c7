import Synchronization

/// The connections of one hub on this node, with their groups and users.
final class Roster: Sendable {
    private typealias Members = [ObjectIdentifier: HubConnection]

    private struct Entry {
        let connection: HubConnection
        var groups: Set<String> = []
    }

    private struct State {
        var connections: [String: Entry] = [:]
        var groups: [String: Members] = [:]
        var users: [String: Members] = [:]
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.connections.count } }

    func connection(_ id: String) -> HubConnection? { state.withLock { $0.connections[id]?.connection } }

    /// - Returns: `false` where a connection of this id is in already.
    func add(_ connection: HubConnection) -> Bool {
        state.withLock { state in
            guard state.connections[connection.id] == nil else { return false }
            state.connections[connection.id] = Entry(connection: connection)
            if let user = connection.request.userID {
                state.users[user, default: [:]][ObjectIdentifier(connection)] = connection
            }
            return true
        }
    }

    /// - Returns: The groups that it was a member of; nil where it was not in.
    func remove(_ connection: HubConnection) -> Set<String>? {
        state.withLock { state in
            guard state.connections[connection.id]?.connection === connection,
                let entry = state.connections.removeValue(forKey: connection.id)
            else { return nil }
            for group in entry.groups { state.groups.remove(connection, from: group) }
            if let user = connection.request.userID { state.users.remove(connection, from: user) }
            return entry.groups
        }
    }
}

// MARK: Groups

extension Roster {
    func groups(of connectionID: String) -> Set<String> {
        state.withLock { $0.connections[connectionID]?.groups ?? [] }
    }

    /// - Returns: Whether the connection became a member: not where it is one already, or gone.
    func join(_ connectionID: String, _ group: String) -> Bool {
        state.withLock { state in
            guard let connection = state.connections[connectionID]?.connection,
                state.connections[connectionID]?.groups.insert(group).inserted == true
            else { return false }
            state.groups[group, default: [:]][ObjectIdentifier(connection)] = connection
            return true
        }
    }

    /// - Returns: Whether the connection was a member.
    func leave(_ connectionID: String, _ group: String) -> Bool {
        state.withLock { state in
            guard let connection = state.connections[connectionID]?.connection,
                state.connections[connectionID]?.groups.remove(group) != nil
            else { return false }
            state.groups.remove(connection, from: group)
            return true
        }
    }
}

// MARK: Receivers

extension Roster {
    var all: [HubConnection] { state.withLock { $0.connections.values.map(\.connection) } }

    func members(ofGroup group: String) -> [HubConnection] {
        state.withLock { $0.groups[group].map { Array($0.values) } ?? [] }
    }

    func connections(ofUser user: String) -> [HubConnection] {
        state.withLock { $0.users[user].map { Array($0.values) } ?? [] }
    }
}

// MARK: Presence

extension Roster {
    /// The groups and users that have connections here.
    var presentAddresses: Set<HubAddress> {
        state.withLock { state in
            Set(state.groups.keys.map { .group($0) }).union(state.users.keys.map { .user($0) })
        }
    }

    /// Which connections are in a group or a user's: all, or those of some.
    func present(at address: HubAddress, of connectionIDs: Set<String>? = nil) -> Set<String> {
        state.withLock { state in
            guard let connectionIDs else {
                let members =
                    switch address {
                    case .group(let name): state.groups[name]
                    case .user(let id): state.users[id]
                    case .all, .connection, .node: nil as Members?
                    }
                return Set(members?.values.map(\.id) ?? [])
            }
            return connectionIDs.filter { id in
                guard let entry = state.connections[id] else { return false }
                return switch address {
                case .group(let name): entry.groups.contains(name)
                case .user(let user): entry.connection.request.userID == user
                case .all, .connection, .node: false
                }
            }
        }
    }
}

extension [String: [ObjectIdentifier: HubConnection]] {
    fileprivate mutating func remove(_ connection: HubConnection, from name: String) {
        self[name]?.removeValue(forKey: ObjectIdentifier(connection))
        if self[name]?.isEmpty == true { self[name] = nil }
    }
}
