import FoundationEssentials
import HubServer
import NIOCore

/// The body of an opening: who is to see the stream, and whose it is.
struct StreamOpeningBody: Decodable {
    struct Audience: Decodable {
        let connection: String?
        let group: String?
        let user: String?

        /// Just one of them.
        var address: HubAddress? {
            switch (connection, group, user) {
            case (let id?, nil, nil): .connection(id)
            case (nil, let name?, nil): .group(name)
            case (nil, nil, let id?): .user(id)
            default: nil
            }
        }
    }

    let messageId: String?
    let to: Audience?
    let user: String?
}

/// The body of an append.
struct StreamAppendBody: Decodable {
    let offset: UInt64
    let text: String
}

/// The body of an end.
struct StreamEndBody: Decodable {
    struct Problem: Decodable {
        let code: String
        let message: String
        let retryable: Bool?
    }

    private static let maximumCodeLength = 64
    private static let maximumMessageLength = 1024

    let offset: UInt64
    private let finish: String?
    private let problem: Problem?
    let usage: HubStreamUsage?

    /// Nil for what is none.
    var streamFinish: HubStreamFinish? {
        switch (finish ?? "completed", problem) {
        case ("completed", nil):
            return .completed
        case ("filtered", nil):
            return .filtered
        case ("failed", let problem?):
            guard (1...Self.maximumCodeLength).contains(problem.code.utf8.count),
                problem.message.utf8.count <= Self.maximumMessageLength
            else { return nil }
            return .failed(
                HubStreamProblem(
                    code: problem.code, message: problem.message, retryable: problem.retryable ?? false))
        default:
            return nil
        }
    }
}

extension Decodable {
    /// Reads the JSON of a body; nil where it is not what it has to be.
    init?(body: ByteBuffer) {
        guard let value = try? JSONDecoder().decode(Self.self, from: Data(body.readableBytesView)) else { return nil }
        self = value
    }
}
