/// The last message of a connection.
package struct CloseMessage: Sendable, Equatable {
    /// Why the connection ends; nil = without an error.
    package var error: String?
    /// Whether a client with automatic reconnect may come back; absent on the wire = false.
    package var allowReconnect: Bool

    package init(error: String? = nil, allowReconnect: Bool = false) {
        self.error = error
        self.allowReconnect = allowReconnect
    }
}
