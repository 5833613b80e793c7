package import HTTPTypes
import HubProtocol
import HubServer
package import NIOCore

/// What a request to the management API is answered with.
package struct ManagementAnswer: Sendable {
    package let status: HTTPResponse.Status
    /// JSON; nil for nothing.
    package let body: ByteBuffer?
    /// The methods that the path has, where it was another one.
    package private(set) var allowed: [HTTPRequest.Method] = []

    init(_ status: HTTPResponse.Status, body: ByteBuffer? = nil) {
        self.status = status
        self.body = body
    }

    /// Something is wrong: a word that programs compare, and a sentence that people read.
    ///
    /// - Parameter state: How far the stream is that it is about.
    init(_ status: HTTPResponse.Status, error code: String, _ message: String, _ state: HubStreamState? = nil) {
        var body = ByteBuffer()
        JSONWriter.append(to: &body) { writer in
            writer.beginObject()
            writer.key("code")
            writer.string(code)
            writer.key("message")
            writer.string(message)
            if let state {
                writer.key("stream")
                state.write(with: &writer)
            }
            writer.endObject()
        }
        self.init(status, body: body)
    }

    /// The path has these methods only.
    init(allows methods: [HTTPRequest.Method]) {
        self.init(.methodNotAllowed, error: "MethodNotAllowed", "The path has no such method.")
        allowed = methods
    }

    /// What came of something that was done to connections.
    init(_ outcome: CommandOutcome?, done status: HTTPResponse.Status) {
        switch outcome {
        case .done: self.init(status)
        case .notFound, .refused: self = .notFound
        case nil: self = .noAnswer
        }
    }

    static let notFound = ManagementAnswer(.notFound, error: "NotFound", "There is no such connection, group or user.")
    static let noAnswer = ManagementAnswer(
        .serviceUnavailable, error: "NoAnswer", "The node that holds the connection does not answer.")
    package static let unauthorized = ManagementAnswer(
        .unauthorized, error: "Unauthorized", "The key is missing or wrong.")
    package static let tooLarge = ManagementAnswer(
        .contentTooLarge, error: "TooLarge", "The body is larger than 1 MiB.")
}
