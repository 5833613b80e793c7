package import NIOCore

/// The JSON body of the answer to `POST PATH/refresh`, with which a connected client shows a newer token (.NET 11).
package enum RefreshResponse: Sendable, Equatable {
    /// - Parameter tokenLifetimeSeconds: How long the new token is good, where that is known.
    case refreshed(tokenLifetimeSeconds: Int?)
    case error(RefreshError)

    /// Appends the body.
    package func write(into buffer: inout ByteBuffer) {
        JSONWriter.append(to: &buffer) { writer in
            writer.beginObject()
            switch self {
            case .refreshed(let seconds):
                if let seconds {
                    writer.key("tokenLifetimeSeconds")
                    writer.integer(seconds)
                }
            case .error(let error):
                writer.key("error")
                writer.string(error.rawValue)
            }
            writer.endObject()
        }
    }
}

/// Why a newer token is not taken, in the words that clients read.
package enum RefreshError: String, Error, Sendable {
    case refreshDisabled = "refresh_disabled"
    case missingConnectionToken = "missing_connection_token"
    case connectionNotFound = "connection_not_found"
    /// The ids of version 0 are known to others.
    case unsupportedNegotiateVersion = "unsupported_negotiate_version"
    case invalidToken = "invalid_token"
    case permissionChangeRejected = "permission_change_rejected"
    /// The node that holds the connection, or whoever publishes the keys of tokens, does not answer; .NET has one node.
    case unavailable = "unavailable"
}
