import HubProtocol
import NIOCore

/// Messages with their exact bytes, valid in both directions: parsing one gives the other.
enum MessagePackSamples {
    static let messages: [(HubMessage, [UInt8])] = [
        (
            .invocation(InvocationMessage(invocationID: "7", target: "Go", arguments: [raw(1), raw(0xC3)])),
            [0x96, 0x01, 0x80, 0xA1, 0x37, 0xA2, 0x47, 0x6F, 0x92, 0x01, 0xC3, 0x90]
        ),
        (
            .invocation(InvocationMessage(target: "N")),
            [0x96, 0x01, 0x80, 0xC0, 0xA1, 0x4E, 0x90, 0x90]
        ),
        (
            .invocation(
                InvocationMessage(
                    invocationID: "9", target: "U", arguments: [raw(0x81, 0xA1, 0x61, 0x92, 0x01, 0xC0)],
                    streamIDs: ["8", "10"], headers: ["b": "ü", "a": ""])),
            [0x96, 0x01, 0x82, 0xA1, 0x61, 0xA0, 0xA1, 0x62, 0xA2, 0xC3, 0xBC, 0xA1, 0x39, 0xA1, 0x55]
                + [0x91, 0x81, 0xA1, 0x61, 0x92, 0x01, 0xC0, 0x92, 0xA1, 0x38, 0xA2, 0x31, 0x30]
        ),
        (
            .streamInvocation(InvocationMessage(invocationID: "11", target: "T", arguments: [raw(0xCD, 0x01, 0xF4)])),
            [0x96, 0x04, 0x80, 0xA2, 0x31, 0x31, 0xA1, 0x54, 0x91, 0xCD, 0x01, 0xF4, 0x90]
        ),
        (
            .streamItem(StreamItemMessage(invocationID: "8", item: raw(0xC4, 0x01, 0xFF))),
            [0x94, 0x02, 0x80, 0xA1, 0x38, 0xC4, 0x01, 0xFF]
        ),
        (
            .streamItem(StreamItemMessage(invocationID: "8", item: raw(0xC0))),
            [0x94, 0x02, 0x80, 0xA1, 0x38, 0xC0]
        ),
        (
            .completion(CompletionMessage(invocationID: "4", outcome: .result(raw(0xFF)))),
            [0x95, 0x03, 0x80, 0xA1, 0x34, 0x03, 0xFF]
        ),
        (
            .completion(CompletionMessage(invocationID: "4", outcome: .result(raw(0xC0)))),
            [0x95, 0x03, 0x80, 0xA1, 0x34, 0x03, 0xC0]
        ),
        (
            .completion(CompletionMessage(invocationID: "8", outcome: .error("no"))),
            [0x95, 0x03, 0x80, 0xA1, 0x38, 0x01, 0xA2, 0x6E, 0x6F]
        ),
        (.cancelInvocation(id: "11"), [0x93, 0x05, 0x80, 0xA2, 0x31, 0x31]),
        (.ping, [0x91, 0x06]),
        (.close(CloseMessage()), [0x92, 0x07, 0xC0]),
        (.close(CloseMessage(error: "e", allowReconnect: true)), [0x93, 0x07, 0xA1, 0x65, 0xC3]),
        (.ack(sequenceID: 1394), [0x92, 0x08, 0xCD, 0x05, 0x72]),
        (.sequence(sequenceID: .max), [0x92, 0x09, 0xCF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        (.sequence(sequenceID: .min), [0x92, 0x09, 0xD3, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        (.unknown(type: 42), [0x91, 0x2A]),
    ]

    static func raw(_ bytes: UInt8...) -> ByteBuffer { ByteBuffer(bytes: bytes) }
}

/// A message as it goes out, its length in front.
func messagePack(_ message: HubMessage) -> [UInt8] {
    var buffer = ByteBuffer()
    MessagePackHubProtocol.write(message, into: &buffer)
    return Array(buffer.readableBytesView)
}

func parse(_ bytes: [UInt8]) throws -> HubMessage {
    try MessagePackHubProtocol.parse(ByteBuffer(bytes: bytes))
}
