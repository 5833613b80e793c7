import HubProtocol

/// Why a client's result did not come. An error that the client itself answers with is thrown as a ``HubError``.
public struct HubClientResultError: HubErrorNaming, Hashable, CustomStringConvertible {
    /// What went wrong.
    public struct Code: Hashable, Sendable {
        private enum Value { case doesNotExist, disconnected, canceled, tooMany, unavailable, notDecodable, notAllowed }
        private let value: Value

        /// No node holds a connection of this id.
        public static let connectionDoesNotExist = Code(value: .doesNotExist)
        /// The connection, or the node that holds it, went while the client was asked.
        public static let connectionDisconnected = Code(value: .disconnected)
        /// The client did not answer in time, or the task that waited was cancelled.
        public static let canceled = Code(value: .canceled)
        /// The client has too many invocations to answer already.
        public static let tooManyInvocations = Code(value: .tooMany)
        /// The connection is not on this node, and other nodes cannot be reached.
        public static let unavailable = Code(value: .unavailable)
        /// The client's result is of another type.
        public static let notDecodable = Code(value: .notDecodable)
        /// Clients cannot be asked from where it was tried.
        public static let notAllowed = Code(value: .notAllowed)
    }

    /// What went wrong.
    public let code: Code
    /// The same in words, where ASP.NET has some then in its own.
    public let message: String

    public var description: String { message }
    public var hubErrorMessage: String { message }

    /// The name under which ASP.NET throws the like.
    public var hubErrorName: String {
        switch code {
        case .connectionDoesNotExist, .connectionDisconnected, .unavailable: "IOException"
        case .notAllowed: "InvalidOperationException"
        default: "HubException"
        }
    }

    static func connectionDoesNotExist(_ id: String) -> Self {
        Self(code: .connectionDoesNotExist, message: HubErrorText.connectionDoesNotExist(id))
    }

    static func connectionDisconnected(_ id: String) -> Self {
        Self(code: .connectionDisconnected, message: HubErrorText.connectionDisconnected(id))
    }

    static let canceled = Self(code: .canceled, message: HubErrorText.invocationCanceled)

    static func tooManyInvocations(_ id: String) -> Self {
        Self(code: .tooManyInvocations, message: "Connection '\(id)' has too many invocations to answer.")
    }

    static func unavailable(_ id: String) -> Self {
        Self(code: .unavailable, message: "Connection '\(id)' cannot be reached.")
    }

    static func notDecodable(as type: Any.Type) -> Self {
        Self(code: .notDecodable, message: "Client result wasn't deserializable to \(type).")
    }

    static let notAllowedInOnDisconnected = Self(
        code: .notAllowed, message: "Client results inside onDisconnected are not allowed.")

    static let notAllowedInOnConnected = Self(
        code: .notAllowed,
        message: "A client result of the connecting client inside onConnected is not allowed: nothing that it sends is "
            + "read before.")
}
