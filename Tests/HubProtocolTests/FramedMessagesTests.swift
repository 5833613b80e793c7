import HubProtocol
import NIOCore
import Testing

/// Messages that lie behind each other, as stateful reconnect counts them.
@Suite struct FramedMessagesTests {
    private static func messages(_ encoding: HubEncoding, _ lengths: [Int]) -> ByteBuffer {
        var bytes = ByteBuffer()
        for length in lengths {
            var argument = ByteBuffer()
            switch encoding {
            case .json: JSONWriter.append(to: &argument) { $0.string(String(repeating: "\u{1E}", count: length)) }
            case .messagePack:
                MessagePackWriter.append(to: &argument) { $0.string(String(repeating: "\u{1E}", count: length)) }
            }
            encoding.write(.invocation(InvocationMessage(target: "t", arguments: [argument])), into: &bytes)
        }
        return bytes
    }

    @Test(arguments: HubEncoding.allCases) func areCountedWhateverIsInThem(encoding: HubEncoding) {
        for lengths in [[], [0], [1, 30, 31, 127, 128, 300, 70_000], Array(repeating: 30, count: 100)] {
            #expect(encoding.messageCount(in: Self.messages(encoding, lengths)) == lengths.count)
        }
    }

    @Test(arguments: HubEncoding.allCases) func areSkippedOneByOne(encoding: HubEncoding) {
        let lengths = [1, 30, 200, 20_000, 0]
        for count in 0...lengths.count {
            var bytes = Self.messages(encoding, lengths)
            encoding.skipMessages(count, in: &bytes)
            #expect(bytes == Self.messages(encoding, Array(lengths[count...])))
        }
        var bytes = Self.messages(encoding, [1])
        encoding.skipMessages(5, in: &bytes)
        #expect(bytes.readableBytes == 0)
    }

    @Test func theTypesThatAreCounted() {
        let counted: [HubMessage] = [
            .invocation(InvocationMessage(target: "t")),
            .streamInvocation(InvocationMessage(invocationID: "1", target: "t")),
            .streamItem(StreamItemMessage(invocationID: "1", item: ByteBuffer(string: "1"))),
            .completion(CompletionMessage(invocationID: "1", outcome: .void)), .cancelInvocation(id: "1"),
        ]
        let others: [HubMessage] = [
            .ping, .close(CloseMessage()), .ack(sequenceID: 1), .sequence(sequenceID: 1), .unknown(type: 99),
        ]
        #expect(counted.filter(\.isSequenced) == counted)
        #expect(others.filter(\.isSequenced) == [])
    }
}
