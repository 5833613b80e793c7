import HubProtocol
import NIOCore

/// A stream that a ``HubTestClient`` sends along with an invocation.
public struct HubTestUpload: Sendable {
    let id: String
    let client: HubTestClient

    /// Sends an item. What is sent before the invocation is lost.
    public func send(_ item: some Encodable) async throws {
        try await client.send(.streamItem(StreamItemMessage(invocationID: id, item: try client.encode(item))))
    }

    /// Ends the stream.
    ///
    /// - Parameter error: What went wrong at the client.
    public func finish(error: String? = nil) async throws {
        let outcome = error.map { CompletionMessage.Outcome.error($0) } ?? .streamEnd
        try await client.send(.completion(CompletionMessage(invocationID: id, outcome: outcome)))
    }
}
