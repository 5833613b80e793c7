package import NIOCore

extension MessagePackHubProtocol {
    /// Appends JSON messages in this encoding, each value as what its JSON text says: a number without a fraction or an
    /// exponent as an integer, every string as a string.
    ///
    /// - Parameter records: whole JSON messages, each with its separator.
    package static func write(transcoding records: ByteBuffer, into buffer: inout ByteBuffer) throws(HubProtocolError) {
        var splitter = RecordSplitter(maximumRecordSize: .max)
        splitter.feed(records)
        while let record = try splitter.next() {
            write(transcoded(try JSONHubProtocol.parse(record)), into: &buffer)
        }
    }

    private static func transcoded(_ message: HubMessage) -> HubMessage {
        switch message {
        case .invocation(var invocation):
            invocation.arguments = invocation.arguments.map(transcoded)
            return .invocation(invocation)
        case .streamInvocation(var invocation):
            invocation.arguments = invocation.arguments.map(transcoded)
            return .streamInvocation(invocation)
        case .streamItem(var item):
            item.item = transcoded(item.item)
            return .streamItem(item)
        case .completion(var completion):
            if case .result(let result) = completion.outcome { completion.outcome = .result(transcoded(result)) }
            return .completion(completion)
        case .cancelInvocation, .ping, .close, .ack, .sequence, .unknown:
            return message
        }
    }

    private static func transcoded(_ value: ByteBuffer) -> ByteBuffer {
        var buffer = ByteBuffer()
        MessagePackWriter.append(to: &buffer) { $0.value(transcoding: JSONValue(trusting: value)) }
        return buffer
    }
}

extension MessagePackWriter {
    fileprivate mutating func value(transcoding value: JSONValue) {
        if let string = value.string() {
            self.string(string)
        } else if let elements = value.elements() {
            beginArray(elements.count)
            for element in elements { self.value(transcoding: JSONValue(trusting: element)) }
        } else if let members = value.members() {
            beginMap(members.count)
            for (key, value) in members {
                string(key)
                self.value(transcoding: value)
            }
        } else if let bool = value.bool() {
            self.bool(bool)
        } else if let integer = value.integer(as: Int64.self) {
            self.integer(integer)
        } else if let integer = value.integer(as: UInt64.self) {
            self.integer(integer)
        } else if let number = value.number() {
            self.number(number)
        } else {
            null()
        }
    }
}
