/// The error texts that clients and their tests compare word by word. They are ASP.NET's.
package enum HubErrorText {
    /// What went wrong inside, shown to the client only for errors made for it or with detailed errors on.
    package struct Detail: Sendable, Equatable {
        /// The name under which the client knows the kind of error, such as `HubException`.
        package var typeName: String
        package var message: String

        package init(typeName: String, message: String) {
            self.typeName = typeName
            self.message = message
        }
    }

    private static func text(_ text: String, _ detail: Detail?) -> String {
        guard let detail else { return text }
        return "\(text) \(detail.typeName): \(detail.message)"
    }
}

/// Handshake: the `error` of a handshake response.
extension HubErrorText {
    package static let handshakeCanceled = "Handshake was canceled."

    package static func unsupportedProtocol(_ name: String) -> String {
        "The protocol '\(name)' is not supported."
    }

    package static func unsupportedProtocolVersion(_ version: Int, of name: String) -> String {
        "The server does not support version \(version) of the '\(name)' protocol."
    }

    /// - Parameter format: what the protocol needs and the transport cannot carry.
    package static func unsupportedTransferFormat(_ format: TransferFormat, of name: String) -> String {
        "Cannot use the '\(name)' protocol on the current transport. "
            + "The transport does not support '\(format.rawValue)' transfer format."
    }
}

/// Connection: the `error` of a Close message.
extension HubErrorText {
    package static func connectionClosed(_ detail: Detail? = nil) -> String {
        text("Connection closed with an error.", detail)
    }
}

/// Invocation: the `error` of a Completion.
extension HubErrorText {
    package static func unknownMethod(_ target: String) -> String {
        "Unknown hub method '\(target)'"
    }

    /// The call could not be bound to the method: number or types of its arguments.
    package static func failedToInvoke(_ target: String, _ detail: Detail? = nil) -> String {
        text("Failed to invoke '\(target)' due to an error on the server.", detail)
    }

    /// The method itself failed.
    package static func methodFailed(_ target: String, _ detail: Detail? = nil) -> String {
        text("An unexpected error occurred invoking '\(target)' on the server.", detail)
    }

    /// The method's stream failed after it had begun.
    package static func streamFailed(_ detail: Detail? = nil) -> String {
        text("An error occurred on the server while streaming results.", detail)
    }

    package static func unauthorized(_ target: String) -> String {
        "Failed to invoke '\(target)' because user is unauthorized"
    }

    package static func invocationIDInUse(_ invocationID: String) -> String {
        "Invocation ID '\(invocationID)' is already in use."
    }

    package static func streamingMethodInvokedWithoutStream(_ target: String) -> String {
        "The client attempted to invoke the streaming '\(target)' method with a non-streaming invocation."
    }

    package static func nonStreamingMethodInvokedAsStream(_ target: String) -> String {
        "The client attempted to invoke the non-streaming '\(target)' method with a streaming invocation."
    }
}

extension HubErrorText.Detail {
    /// Goes with ``HubErrorText/failedToInvoke(_:_:)``.
    package static func argumentCount(provided: Int, expected: Int) -> Self {
        Self(
            typeName: "InvalidDataException",
            message: "Invocation provides \(provided) argument(s) but target expects \(expected).")
    }

    /// Goes with ``HubErrorText/methodFailed(_:_:)``. Shown to the client always: ASP.NET raises it as an error made for
    /// the client.
    package static func streamCount(sent: Int, expected: Int) -> Self {
        Self(typeName: "HubException", message: "Client sent \(sent) stream(s), Hub method expects \(expected).")
    }
}

/// Client results: what the waiting call on the server fails with.
extension HubErrorText {
    package static func connectionDoesNotExist(_ connectionID: String) -> String {
        "Connection '\(connectionID)' does not exist."
    }

    package static func connectionDisconnected(_ connectionID: String) -> String {
        "Connection '\(connectionID)' disconnected."
    }

    package static let invocationCanceled = "Invocation canceled by the server."
}
