/// The filters of one hub, the outermost first.
struct HubFilterChain: Sendable {
    private let filters: [any HubFilter]

    /// Nil where there are none: then nothing is paid for them.
    init?(_ filters: [any HubFilter]) {
        if filters.isEmpty { return nil }
        self.filters = filters
    }

    func invoke(_ invocation: HubInvocationContext, method: HubFilterNext) async throws -> HubOutput {
        try await invoke(invocation, from: 0, method)
    }

    /// An item comes from the method, so the innermost filter sees it first.
    func item(_ item: HubValue, of invocation: HubInvocationContext) async throws -> HubValue? {
        var output = HubOutput(value: item)
        for filter in filters.reversed() {
            guard let next = try await filter.streamItem(output, of: invocation) else { return nil }
            output = next
        }
        return output.value ?? .null
    }

    func connected(_ context: HubContext, hub: (HubContext) async throws -> Void) async throws {
        try await connected(context, from: 0, hub)
    }

    func disconnected(
        _ context: HubContext, error: (any Error)?, hub: (HubContext, (any Error)?) async throws -> Void
    ) async throws {
        try await disconnected(context, error, from: 0, hub)
    }

    private func invoke(
        _ invocation: HubInvocationContext, from index: Int, _ method: HubFilterNext
    ) async throws -> HubOutput {
        guard index < filters.count else { return try await method(invocation) }
        return try await filters[index].invoke(invocation) { try await invoke($0, from: index + 1, method) }
    }

    private func connected(
        _ context: HubContext, from index: Int, _ hub: (HubContext) async throws -> Void
    ) async throws {
        guard index < filters.count else { return try await hub(context) }
        try await filters[index].onConnected(context) { try await connected($0, from: index + 1, hub) }
    }

    private func disconnected(
        _ context: HubContext, _ error: (any Error)?, from index: Int,
        _ hub: (HubContext, (any Error)?) async throws -> Void
    ) async throws {
        guard index < filters.count else { return try await hub(context, error) }
        try await filters[index].onDisconnected(context, error: error) {
            try await disconnected($0, $1, from: index + 1, hub)
        }
    }
}
