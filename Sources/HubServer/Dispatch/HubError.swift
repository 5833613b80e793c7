/// An error whose message the client is shown: `… HubException: message`.
public struct HubError: Error, Hashable, CustomStringConvertible {
    /// What the client is told.
    public let message: String

    /// Creates an error.
    public init(_ message: String) { self.message = message }

    public var description: String { message }
}

/// An error that says under which name clients know it.
///
/// Clients are told names of .NET exceptions. An error without this is told under the name of its Swift type, and either
/// only with ``HubOptions/enableDetailedErrors``.
public protocol HubErrorNaming: Error {
    /// The name, such as `InvalidOperationException`.
    var hubErrorName: String { get }
    /// What went wrong, in words for the client.
    var hubErrorMessage: String { get }
}
