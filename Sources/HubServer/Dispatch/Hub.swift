import Synchronization

/// A set of methods that clients invoke.
///
/// ```swift
/// let hub = Hub()
/// hub.on("Greet") { (context, name: String) in
///     try await context.clients.all.send("greeted", name)
/// }
/// ```
///
/// Register everything before the hub is mounted (``HubServer/mount(_:at:)``); a later registration, or a second method of
/// the same name, stops the program.
public final class Hub: Sendable {
    typealias OnConnected = @Sendable (HubContext) async throws -> Void
    typealias OnDisconnected = @Sendable (HubContext, (any Error)?) async throws -> Void

    struct Registrations: Sendable {
        /// By lower-case name: method names are matched without regard to case, as in ASP.NET.
        var methods: [String: HubMethod] = [:]
        /// Who may use the hub; nil for everybody.
        var authorization: AuthorizationPolicy?
        /// Who may invoke a method, by its lower-case name.
        var methodAuthorization: [String: AuthorizationPolicy] = [:]
        /// The outermost first.
        var filters: [any HubFilter] = []
        var onConnected: OnConnected?
        var onDisconnected: OnDisconnected?
        /// What is done with streams that backends feed.
        var streams: (any HubStreams)?
    }

    private struct State {
        var registrations = Registrations()
        var isFrozen = false
        /// The hub and its endpoint hold each other: once mounted, a hub is there for as long as the program.
        var endpoint: HubEndpoint?
    }

    private let state = Mutex(State())

    /// The hub's name on the backplane, the same on all nodes; nil = the path at which it is mounted.
    public let name: String?

    let maximumParallelInvocationsPerClient: Int?
    let tracksPresence: Bool

    /// Creates a hub without methods.
    ///
    /// - Parameters:
    ///   - name: The hub's name on the backplane, the same on all nodes; nil = the path at which it is mounted.
    ///   - maximumParallelInvocationsPerClient: In place of ``HubOptions/maximumParallelInvocationsPerClient``.
    ///   - tracksPresence: Whether ``presence`` can list and count members of groups and connections of users; the same on all
    ///     nodes. It costs two commands of Redis each time a connection joins or leaves a group, or comes or goes for a user,
    ///     less where many do so at once, and 330 bytes there for a user or group with one connection on a node, 65 to 90 for
    ///     each further one of many. A connection without user and group costs nothing.
    public init(
        name: String? = nil, maximumParallelInvocationsPerClient: Int? = nil, tracksPresence: Bool = false
    ) {
        precondition(
            maximumParallelInvocationsPerClient ?? 1 >= 1, "maximumParallelInvocationsPerClient must be at least 1")
        self.name = name
        self.tracksPresence = tracksPresence
        self.maximumParallelInvocationsPerClient = maximumParallelInvocationsPerClient
    }

    func register(_ method: HubMethod) {
        change { registrations in
            precondition(
                registrations.methods.updateValue(method, forKey: method.name.lowercased()) == nil,
                "the hub has two methods '\(method.name)'")
        }
    }

    func change(_ body: (inout Registrations) -> Void) {
        state.withLock { state in
            precondition(!state.isFrozen, "the hub is mounted: it takes no more registrations")
            body(&state.registrations)
        }
    }
}

// MARK: Connections

extension Hub {
    /// Called when a client has connected, before any of its invocations. When it throws, the connection is closed.
    public func onConnected(_ body: @escaping @Sendable (HubContext) async throws -> Void) {
        change { registrations in
            precondition(registrations.onConnected == nil, "the hub has two onConnected")
            registrations.onConnected = body
        }
    }

    /// Called exactly once for every connection whose ``onConnected(_:)`` succeeded, when it has ended; the error is nil
    /// when it ended in good order. The connection is still a member of its groups.
    public func onDisconnected(_ body: @escaping @Sendable (HubContext, (any Error)?) async throws -> Void) {
        change { registrations in
            precondition(registrations.onDisconnected == nil, "the hub has two onDisconnected")
            registrations.onDisconnected = body
        }
    }
}

extension Hub {
    /// Takes streams that backends feed through the management API.
    package func onStreams(_ streams: any HubStreams) { change { $0.streams = streams } }
}

// MARK: Use from outside

extension Hub {
    /// Whom to send to, from outside the hub's methods. The hub must be mounted.
    public var clients: HubClients { HubClients(endpoint: endpoint) }

    /// The hub's groups, from outside the hub's methods. The hub must be mounted.
    public var groups: HubGroups { HubGroups(endpoint: endpoint) }

    /// The hub's groups as users are members of them, from outside the hub's methods. The hub must be mounted.
    public var userGroups: HubUserGroups { HubUserGroups(endpoint: endpoint) }

    /// Who is there, on all nodes. The hub must be mounted.
    public var presence: HubPresence { HubPresence(endpoint: endpoint) }

    var endpoint: HubEndpoint {
        guard let endpoint = state.withLock({ $0.endpoint }) else { preconditionFailure("the hub is not mounted") }
        return endpoint
    }

    func freeze() -> Registrations {
        state.withLock { state in
            precondition(!state.isFrozen, "the hub is mounted already")
            state.isFrozen = true
            return state.registrations
        }
    }

    func mounted(at endpoint: HubEndpoint) {
        state.withLock { $0.endpoint = endpoint }
    }
}
