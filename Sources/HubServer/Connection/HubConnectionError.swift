/// Why the server ended a connection.
package struct HubConnectionError: HubErrorNaming, Hashable, CustomStringConvertible {
    private enum Kind: String {
        case clientTimeout = "Client hasn't sent a message/ping within the configured ClientTimeoutInterval."
        case transportLost = "The connection to the client was lost."
        case tooSlow = "The client did not take its messages fast enough."
    }

    private let kind: Kind

    /// The client was silent for longer than ``HubOptions/clientTimeoutInterval``.
    package static let clientTimeout = HubConnectionError(kind: .clientTimeout)
    /// The node where the client's WebSocket had arrived has lost it.
    static let transportLost = HubConnectionError(kind: .transportLost)
    /// More waited for the client than ``HubOptions/maximumOutboxSize``, or longer than
    /// ``HubOptions/transportSendTimeout``.
    package static let tooSlow = HubConnectionError(kind: .tooSlow)

    package var description: String { kind.rawValue }
    package var hubErrorName: String { "OperationCanceledException" }
    package var hubErrorMessage: String { kind.rawValue }
}
