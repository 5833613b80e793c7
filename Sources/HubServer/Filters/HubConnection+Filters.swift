import Synchronization

extension HubConnection {
    /// Runs an invocation's method within the hub's filters.
    func call(
        _ invocation: Invocation, _ context: HubContext, within filters: HubFilterChain
    ) async throws -> HubValue? {
        // Filters see what was thrown; whether the stream had begun by then decides what the client is told.
        let failedWhileStreaming = Atomic(false)
        do {
            let output = try await filters.invoke(HubInvocationContext(invocation, context: context)) { filtered in
                do {
                    let value = try await run(invocation, filtered.arguments, filtered.context) {
                        try await filters.item($0, of: filtered)
                    }
                    return HubOutput(value: value)
                } catch let error as HubStreamError {
                    failedWhileStreaming.store(true, ordering: .releasing)
                    throw error.underlying
                }
            }
            return invocation.method.isStream ? nil : output.value
        } catch {
            guard failedWhileStreaming.load(ordering: .acquiring) else { throw error }
            throw HubStreamError(underlying: error)
        }
    }

    /// Tells the hub of the connection, within its filters.
    func tellConnected() async throws {
        let context = HubContext(connection: self, during: .connected)
        let onConnected = endpoint.registrations.onConnected
        guard let filters = endpoint.filters else { return try await onConnected?(context) ?? () }
        try await filters.connected(context) { try await onConnected?($0) }
    }

    /// Tells the hub of the connection's end, within its filters.
    func tellDisconnected(_ error: (any Error)?) async throws {
        let context = HubContext(connection: self, during: .disconnected)
        let onDisconnected = endpoint.registrations.onDisconnected
        guard let filters = endpoint.filters else { return try await onDisconnected?(context, error) ?? () }
        try await filters.disconnected(context, error: error) { try await onDisconnected?($0, $1) }
    }
}
