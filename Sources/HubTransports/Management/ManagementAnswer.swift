package import HTTPTypes
import HubProtocol
import HubServer
package import NIOCore

/// What a request to the management API is answered with.
package struct ManagementAnswer: Sendable {
    package let status: HTTPResponse.Status
    /// JSON; nil for nothing.
    package let body: ByteBuffer?

    init(_ status: HTTPResponse.Status, body: ByteBuffer? = nil) {
        self.status = status
        self.body = body
    }

    /// Something is wrong: a word that programs compare, and a sentence that people read.
    init(_ status: HTTPResponse.Status, error code: String, _ message: String) {
        var body = ByteBuffer()
        JSONWriter.append(to: &body) { writer in
            writer.beginObject()
            writer.key("code")
            writer.string(code)
            writer.key("message")
            writer.string(message)
            writer.endObject()
        }
        self.init(status, body: body)
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
