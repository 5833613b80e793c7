import DequeModule

/// The invocations of one connection that have a place and are to begin.
///
/// Tasks begin in any order. So one task begins them all, each after the one before has come to where it first waits: what
/// methods do until then happens in the order in which the client asked for it, as in ASP.NET, whose dispatcher calls them
/// one after the other.
struct InvocationStarts {
    private var due = Deque<Invocation>()
    private var isBeginning = false

    /// - Returns: Whether ``next()`` has to be called, by a new task, until there is none.
    mutating func add(_ invocation: Invocation) -> Bool {
        due.append(invocation)
        defer { isBeginning = true }
        return !isBeginning
    }

    mutating func next() -> Invocation? {
        let invocation = due.popFirst()
        if invocation == nil {
            isBeginning = false
            // Most connections are idle most of the time.
            due = []
        }
        return invocation
    }
}
