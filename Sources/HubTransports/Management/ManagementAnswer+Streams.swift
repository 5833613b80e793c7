import HTTPTypes
import HubProtocol
import HubServer
import NIOCore

extension ManagementAnswer {
    /// What came of something that was asked of a stream.
    init(_ outcome: HubStreamOutcome, done status: HTTPResponse.Status) {
        switch outcome {
        case .done(let state):
            self.init(status, state)
        case .elsewhere(let state):
            self.init(.conflict, error: "WrongOffset", "The text ends at another place: go on at stream.bytes.", state)
        case .different(let state):
            self.init(.conflict, error: "OtherText", "There is another text at this place.", state)
        case .tooLong(let state):
            self.init(.contentTooLarge, error: "TooLong", "A stream may not have so much text.", state)
        case .ended(let state):
            self.init(.gone, error: "StreamEnded", "The stream has ended: it takes no more.", state)
        case .badID:
            self.init(.badRequest, error: "BadName", "A messageId is 32 lower-case hex digits.")
        case .unknown:
            self.init(.notFound, error: "NoSuchStream", "There is no such stream, or not any more.")
        case .taken:
            self.init(.conflict, error: "TakenMessageId", "There is a reply of this messageId.")
        case .nobody:
            self = .notFound
        case .full:
            self.init(.serviceUnavailable, error: "TooManyStreams", "The node feeds as many streams as it may.")
        case .unavailable:
            self.init(.serviceUnavailable, error: "NoAnswer", "The stream cannot be reached: send the same again.")
        }
    }

    static let noStreams = ManagementAnswer(.notFound, error: "NoStreams", "The hub has no streams.")

    static func badStreamBody(_ example: String) -> ManagementAnswer {
        ManagementAnswer(.badRequest, error: "BadBody", "The body must be JSON such as \(example).")
    }

    private init(_ status: HTTPResponse.Status, _ state: HubStreamState) {
        var body = ByteBuffer()
        JSONWriter.append(to: &body) { state.write(with: &$0) }
        self.init(status, body: body)
    }
}

extension HubStreamState {
    func write(with writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("messageId")
        writer.string(id)
        writer.key("status")
        writer.string(end == nil ? "open" : "ended")
        writer.key("chunks")
        writer.integer(chunks)
        writer.key("bytes")
        writer.integer(bytes)
        if let end {
            writer.key("finish")
            writer.string(end.finish)
            writer.key("sha256")
            writer.string(end.sha256)
            if let problem = end.problem {
                writer.key("problem")
                problem.write(with: &writer)
            }
        }
        writer.endObject()
    }
}

extension HubStreamProblem {
    fileprivate func write(with writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("code")
        writer.string(code)
        writer.key("message")
        writer.string(message)
        writer.key("retryable")
        writer.bool(retryable)
        writer.endObject()
    }
}
