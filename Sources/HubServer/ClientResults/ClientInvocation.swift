import HubBackplane
import NIOCore

/// An invocation that a connection's client has not answered yet; kept by the node that holds the connection.
struct ClientInvocation {
    /// Who waits for the answer, and under which number.
    let asker: NodeID
    let number: PendingAnswers.Number
    let deadline: Scheduled<Void>
}

/// The invocations that one client has to answer. A value without I/O, but for the deadlines that it holds.
struct ClientInvocations {
    /// Each costs memory until its client answers or its time is over.
    static let maximumCount = 256

    private var invocations: [String: ClientInvocation] = [:]
    private var lastNumber = 0

    var isFull: Bool { invocations.count >= Self.maximumCount }

    func contains(_ id: String) -> Bool { invocations[id] != nil }

    /// Whether it is asked already: what nobody seemed to hear is sent again.
    func contains(_ number: PendingAnswers.Number, of asker: NodeID) -> Bool {
        invocations.values.contains { $0.number == number && $0.asker == asker }
    }

    /// A new id: the letter keeps it apart from those that clients choose for their streams.
    mutating func nextID() -> String {
        lastNumber += 1
        return "s\(lastNumber)"
    }

    mutating func insert(_ invocation: ClientInvocation, id: String) { invocations[id] = invocation }

    mutating func remove(_ id: String) -> ClientInvocation? {
        guard let invocation = invocations.removeValue(forKey: id) else { return nil }
        if invocations.isEmpty { invocations = [:] }
        return invocation
    }

    mutating func removeAll() -> [ClientInvocation] {
        defer { invocations = [:] }
        return Array(invocations.values)
    }
}
