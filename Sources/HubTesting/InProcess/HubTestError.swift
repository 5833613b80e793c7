/// Why a ``HubTestClient`` did not get what a test waited for.
public enum HubTestError: Error, Sendable, Equatable {
    /// Nothing that fits came in time.
    case timeout
    /// The connection has ended.
    case closed
    /// The hub answered an invocation with this error.
    case invocationFailed(String)
}
