import ChatModels
import HubBackplane
import NIOCore

/// A question and what was replied to it.
///
/// Written down as version:u8 = 1, promptLength:u32, prompt, reply.
struct ConversationTurn: Sendable, Equatable {
    private static let version: UInt8 = 1

    let prompt: String
    let reply: String

    init(prompt: String, reply: String) {
        self.prompt = prompt
        self.reply = reply
    }

    init?(payload: ByteBuffer) {
        var payload = payload
        guard payload.readInteger() == Self.version, let length: UInt32 = payload.readInteger(),
            let prompt = payload.readString(length: Int(length))
        else { return nil }
        self.init(prompt: prompt, reply: String(buffer: payload))
    }

    var payload: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.version)
        buffer.writeInteger(UInt32(prompt.utf8.count))
        buffer.writeString(prompt)
        buffer.writeString(reply)
        return buffer
    }

    /// How much of a model's context it takes, in bytes.
    var size: Int { prompt.utf8.count + reply.utf8.count }

    var messages: [ChatMessage] {
        [ChatMessage(role: .user, text: prompt), ChatMessage(role: .assistant, text: reply)]
    }
}
