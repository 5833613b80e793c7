/// Runs around what a hub does: invocations of its methods, connects and disconnects (ASP.NET's `IHubFilter`).
///
/// ```swift
/// struct Timing: HubFilter {
///     func invoke(_ invocation: HubInvocationContext, next: HubFilterNext) async throws -> HubOutput {
///         let start = ContinuousClock.now
///         defer { invocation.context.logger.info("\(invocation.methodName) took \(ContinuousClock.now - start)") }
///         return try await next(invocation)
///     }
/// }
/// ```
///
/// Filters run in the order in which they were added, those of all hubs (``HubOptions/addFilter(_:)``) before those of one
/// (``Hub/addFilter(_:)``); the first is the outermost. One instance serves all connections. What a filter does not
/// implement passes through it.
public protocol HubFilter: Sendable {
    /// Calls `next`, with other arguments if need be, and returns what it returns, or something else. Without calling `next`
    /// the method is not called. What it throws the client is told as if the method had thrown it.
    ///
    /// Runs after the method's authorization. For a method that streams, `next` returns when its stream has ended, and what
    /// it returns is of no account.
    func invoke(_ invocation: HubInvocationContext, next: HubFilterNext) async throws -> HubOutput

    /// Sees each item of a stream that a method sends, before the client does.
    ///
    /// - Returns: What is sent in its place, `nil` for nothing. Throwing ends the stream with an error.
    func streamItem(_ item: HubOutput, of invocation: HubInvocationContext) async throws -> HubOutput?

    /// Calls `next`, which tells the hub that a client has connected. Throwing closes the connection.
    func onConnected(_ context: HubContext, next: (HubContext) async throws -> Void) async throws

    /// Calls `next`, which tells the hub that a connection has ended; the error is nil when it ended in good order.
    func onDisconnected(
        _ context: HubContext, error: (any Error)?, next: (HubContext, (any Error)?) async throws -> Void
    ) async throws
}

/// What comes after a filter: the next one, and at last the method.
public typealias HubFilterNext = (HubInvocationContext) async throws -> HubOutput

extension HubFilter {
    public func invoke(_ invocation: HubInvocationContext, next: HubFilterNext) async throws -> HubOutput {
        try await next(invocation)
    }

    public func streamItem(_ item: HubOutput, of invocation: HubInvocationContext) async throws -> HubOutput? { item }

    public func onConnected(_ context: HubContext, next: (HubContext) async throws -> Void) async throws {
        try await next(context)
    }

    public func onDisconnected(
        _ context: HubContext, error: (any Error)?, next: (HubContext, (any Error)?) async throws -> Void
    ) async throws {
        try await next(context, error)
    }
}

extension Hub {
    /// Adds a filter to this hub; it runs within those that were added before, and within those of all hubs.
    public func addFilter(_ filter: any HubFilter) {
        change { $0.filters.append(filter) }
    }
}
