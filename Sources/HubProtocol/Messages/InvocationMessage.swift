package import NIOCore

/// The call of a method on the other side.
package struct InvocationMessage: Sendable, Equatable {
    /// Chosen by the caller, unique among its calls; nil = fire and forget. An empty one on the wire counts as nil.
    package var invocationID: String?
    /// The method's name as the caller wrote it, never empty.
    package var target: String
    /// One raw value in the connection's encoding each, syntactically valid, to be bound to the method's types later.
    package var arguments: [ByteBuffer]
    /// The upload streams that go with the call, in the order of the method's stream parameters.
    package var streamIDs: [String]
    package var headers: [String: String]

    package init(
        invocationID: String? = nil,
        target: String,
        arguments: [ByteBuffer] = [],
        streamIDs: [String] = [],
        headers: [String: String] = [:]
    ) {
        self.invocationID = invocationID
        self.target = target
        self.arguments = arguments
        self.streamIDs = streamIDs
        self.headers = headers
    }
}
