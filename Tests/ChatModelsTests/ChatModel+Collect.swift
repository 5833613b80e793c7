import ChatModels
import NIOCore
import Testing

extension ChatModel {
    /// Asks and returns the pieces of the reply with its end.
    func pieces(_ prompt: String) async throws -> (pieces: [String], end: ChatReplyEnd) {
        var pieces: [String] = []
        let end = try await reply(to: ChatRequest(messages: [ChatMessage(role: .user, text: prompt)])) { update in
            pieces.append(String(buffer: update.text))
        }
        return (pieces, end)
    }

    /// Asks, expecting that the model fails.
    func failure(_ prompt: String = "Hi") async throws -> ChatModelError {
        try await #require(throws: ChatModelError.self) { try await pieces(prompt) }
    }
}

/// Waits until something is so; the suite's time limit is the bound.
func eventually(_ condition: () async -> Bool) async throws {
    while await !condition() {
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// A small generator with a seed (splitmix64), so that a failure can be seen again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
