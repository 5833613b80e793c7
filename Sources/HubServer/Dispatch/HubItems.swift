import Synchronization

/// What an application keeps with a connection, for as long as it lives: a dictionary shared by all its invocations.
public struct HubItems: Sendable {
    private let connection: HubConnection

    init(of connection: HubConnection) { self.connection = connection }

    /// The value of a key.
    public subscript(key: String) -> (any Sendable)? {
        get { connection.items.withLock { $0[key] } }
        nonmutating set { connection.items.withLock { $0[key] = newValue } }
    }

    /// The value of a typed key.
    public subscript<Value: Sendable>(key: HubItemKey<Value>) -> Value? {
        get { self[key.name] as? Value }
        nonmutating set { self[key.name] = newValue }
    }
}

/// The key of a value of a certain type in ``HubItems``.
public struct HubItemKey<Value: Sendable>: Sendable {
    let name: String

    /// Creates a key; keys of the same name are the same key.
    public init(_ name: String) { self.name = name }
}
