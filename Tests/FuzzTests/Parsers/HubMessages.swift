import HubProtocol
import NIOCore

@testable import HubServer

/// A message that was read is written as one record, from which the same is read; its JSON has a form in MessagePack that
/// says the same.
func checkJSON(_ record: ByteBuffer) throws(Finding) {
    guard let message = try? JSONHubProtocol.parse(record) else { return }
    let written = try checkRoundTrip(message, .json)
    var transcoded = ByteBuffer()
    do {
        try MessagePackHubProtocol.write(transcoding: written, into: &transcoded)
    } catch {
        throw Finding(description: "JSON that was read has a form in MessagePack: \(error)")
    }
    try requireSame(message.asWritten(in: .json), try onlyMessage(of: transcoded, .messagePack))
}

func checkMessagePack(_ record: ByteBuffer) throws(Finding) {
    guard let message = try? MessagePackHubProtocol.parse(record) else { return }
    _ = try checkRoundTrip(message, .messagePack)
}

/// Both forms of a message say the same.
func requireSame(_ json: HubMessage, _ messagePack: HubMessage) throws(Finding) {
    try require(json.values.count == messagePack.values.count, "both forms have as many values")
    for (value, other) in zip(json.values, messagePack.values) {
        let isSame = ValueTree(JSONValue(trusting: value)) == ValueTree(MessagePackValue(trusting: other))
        try require(isSame, "both forms of a value say the same")
    }
    try require(json.withoutValues == messagePack.withoutValues, "both forms of a message say the same")
}

/// - Returns: What was written.
private func checkRoundTrip(_ message: HubMessage, _ encoding: HubEncoding) throws(Finding) -> ByteBuffer {
    var written = ByteBuffer()
    encoding.write(message, into: &written)
    let again = try onlyMessage(of: written, encoding)
    try require(again == message.asWritten(in: encoding), "what is read from a written message is what was written")
    for value in message.values {
        // As a method's argument, of whatever type; that it may be refused is a matter of the type.
        _ = try? ReceivedValue(value, encoding).decode(as: AnyArgument.self)
    }
    return written
}

/// The message that bytes are the record of.
func onlyMessage(of bytes: ByteBuffer, _ encoding: HubEncoding) throws(Finding) -> HubMessage {
    var splitter = RecordSplitter(maximumRecordSize: .max, encoding: encoding)
    splitter.feed(bytes)
    let record = try require(try? splitter.next(), "what is written is a record")
    try require((try? splitter.next()) == .some(nil), "what is written is one record")
    return try require(try? encoding.parse(record), "what is written can be read")
}

extension HubMessage {
    /// The raw values of the connection's encoding.
    fileprivate var values: [ByteBuffer] {
        switch self {
        case .invocation(let invocation), .streamInvocation(let invocation): invocation.arguments
        case .streamItem(let item): [item.item]
        case .completion(let completion): completion.outcome.result.map { [$0] } ?? []
        case .cancelInvocation, .ping, .close, .ack, .sequence, .unknown: []
        }
    }

    fileprivate var withoutValues: HubMessage {
        switch self {
        case .invocation(var invocation):
            invocation.arguments = []
            return .invocation(invocation)
        case .streamInvocation(var invocation):
            invocation.arguments = []
            return .streamInvocation(invocation)
        case .streamItem(var item):
            item.item = ByteBuffer()
            return .streamItem(item)
        case .completion(var completion):
            if completion.outcome.result != nil { completion.outcome = .void }
            return .completion(completion)
        case .cancelInvocation, .ping, .close, .ack, .sequence, .unknown:
            return self
        }
    }

    /// That there is no result is written as a null one.
    fileprivate func asWritten(in encoding: HubEncoding) -> HubMessage {
        guard case .completion(var completion) = self, completion.outcome == .void else { return self }
        completion.outcome = .result(encoding == .json ? ByteBuffer(string: "null") : ByteBuffer(bytes: [0xC0]))
        return .completion(completion)
    }
}

extension CompletionMessage.Outcome {
    fileprivate var result: ByteBuffer? {
        guard case .result(let result) = self else { return nil }
        return result
    }
}
