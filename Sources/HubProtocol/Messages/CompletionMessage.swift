package import NIOCore

/// The end of an invocation, of a server stream or of an upload stream.
package struct CompletionMessage: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        /// Received: there was no result. Sent: a method that returns nothing has returned, which is written as a null
        /// result, as ASP.NET does.
        case void
        /// A raw value (null included) in the connection's encoding.
        case result(ByteBuffer)
        /// The text that the caller's error shows.
        case error(String)
        /// Sent only: the stream has ended. It must carry no result, not even null: a .NET client binds a null to the
        /// stream's element type, which fails for a stream of integers.
        case streamEnd
    }

    package var invocationID: String
    package var outcome: Outcome

    package init(invocationID: String, outcome: Outcome) {
        self.invocationID = invocationID
        self.outcome = outcome
    }
}
