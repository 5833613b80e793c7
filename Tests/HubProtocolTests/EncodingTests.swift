import HubProtocol
import HubTesting
import NIOCore
import Testing

/// What both encodings have to do.
@Suite struct EncodingTests {
    @Test func namesMatchWithoutRegardToCase() {
        #expect(HubEncoding(name: "JSON") == .json)
        #expect(HubEncoding(name: "MessagePack") == .messagePack)
        #expect(HubEncoding(name: "msgpack") == nil)
        #expect(HubEncoding.allCases.map(\.name) == ["json", "messagepack"])
        #expect(HubEncoding.allCases.map(\.transferFormat) == [.text, .binary])
    }

    /// Messages of an encoding, and all of them one behind the other.
    private func stream(_ encoding: HubEncoding) -> ([HubMessage], ByteBuffer) {
        let messages =
            switch encoding {
            case .json: Samples.messages.map(\.0)
            case .messagePack: MessagePackSamples.messages.map(\.0)
            }
        var stream = ByteBuffer()
        for message in messages { encoding.write(message, into: &stream) }
        return (messages, stream)
    }

    @Test(arguments: HubEncoding.allCases)
    func messagesAreTheSameHoweverTheyAreCut(encoding: HubEncoding) throws {
        let (messages, stream) = stream(encoding)
        var generator = SeededGenerator(seed: 12)
        for round in 0..<300 {
            var splitter = RecordSplitter(maximumRecordSize: 1024, encoding: encoding)
            var rest = stream
            var taken: [HubMessage] = []
            while rest.readableBytes > 0 {
                let longest = round == 0 ? 1 : min(60, rest.readableBytes)
                let length = Int.random(in: min(round, 1)...longest, using: &generator)
                if let piece = rest.readSlice(length: max(length, round == 0 ? 1 : 0)) { splitter.feed(piece) }
                // Sometimes several pieces gather before anyone asks.
                guard Bool.random(using: &generator) || rest.readableBytes == 0 else { continue }
                while let record = try splitter.next() { taken.append(try encoding.parse(record)) }
            }
            #expect(taken == messages)
        }
    }

    @Test func aMessageBehindItsLengthIsLimited() throws {
        for length in [
            [0x05], [0x05, 1, 2, 3, 4, 5], [0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        ] {
            var splitter = RecordSplitter(maximumRecordSize: 4, encoding: .messagePack)
            splitter.feed(ByteBuffer(bytes: length.map(UInt8.init)))
            for _ in 0..<2 {
                let error = #expect(throws: HubProtocolError.self) { try splitter.next() }
                #expect(error?.code == .messageTooLarge)
            }
        }
        var splitter = RecordSplitter(maximumRecordSize: 4, encoding: .messagePack)
        splitter.feed(ByteBuffer(bytes: [0x84, 0x00, 1, 2, 3]))
        #expect(try splitter.next() == nil)
        splitter.feed(ByteBuffer(bytes: [4, 0x00]))
        #expect(try splitter.next() == ByteBuffer(bytes: [1, 2, 3, 4]))
        #expect(try splitter.next() == ByteBuffer())
        #expect(try splitter.next() == nil)
    }

    @Test func aLengthWithoutAnEndIsRefused() throws {
        var splitter = RecordSplitter(maximumRecordSize: 4, encoding: .messagePack)
        splitter.feed(ByteBuffer(bytes: [0x80, 0x80, 0x80, 0x80]))
        #expect(try splitter.next() == nil)
        splitter.feed(ByteBuffer(bytes: [0x80]))
        let error = #expect(throws: HubProtocolError.self) { try splitter.next() }
        #expect(error?.code == .malformedLength)
    }

    @Test(arguments: HubEncoding.allCases)
    func aPreparedInvocationWritesTheSameAsAFullOne(encoding: HubEncoding) {
        for leading in [[], ["0f"], ["0f", "\"ü\""]] {
            let prepared = PreparedInvocation(encoding, target: "partial", leading: leading)
            for (text, number) in [("Hello \"world\"\n", 7), ("", -1), (String(repeating: "ü", count: 9000), 1 << 40)] {
                var fast = ByteBuffer(string: "x")
                var full = fast
                for _ in 0..<2 {
                    prepared.write(ByteBuffer(string: text), number, into: &fast)
                    let arguments = (leading + [text]).map { raw($0, encoding) } + [raw(number, encoding)]
                    encoding.write(
                        .invocation(InvocationMessage(target: "partial", arguments: arguments)), into: &full)
                }
                #expect(fast == full)
            }
        }
    }

    private func raw(_ text: String, _ encoding: HubEncoding) -> ByteBuffer {
        var buffer = ByteBuffer()
        switch encoding {
        case .json: JSONWriter.append(to: &buffer) { $0.string(text) }
        case .messagePack: MessagePackWriter.append(to: &buffer) { $0.string(text) }
        }
        return buffer
    }

    private func raw(_ number: Int, _ encoding: HubEncoding) -> ByteBuffer {
        var buffer = ByteBuffer()
        switch encoding {
        case .json: JSONWriter.append(to: &buffer) { $0.integer(number) }
        case .messagePack: MessagePackWriter.append(to: &buffer) { $0.integer(Int64(number)) }
        }
        return buffer
    }

    @Test func jsonMessagesBecomeMessagePack() throws {
        let value = "[\"ü\\n\",1,-2,18446744073709551615,1.5,3e2,1e400,true,null,{\"a\":[],\"b\\\"\":{}}]"
        let json = ByteBuffer(
            string: "{\"type\":1,\"target\":\"Go\",\"arguments\":[\(value)]}\u{1E}{\"type\":6}\u{1E}"
                + "{\"type\":2,\"invocationId\":\"1\",\"item\":\"x\"}\u{1E}"
                + "{\"type\":3,\"invocationId\":\"1\",\"result\":1}\u{1E}")
        var expected = ByteBuffer()
        MessagePackHubProtocol.writeInvocation(target: "Go", argumentCount: 1, into: &expected) { writer in
            writer.beginArray(10)
            writer.string("ü\n")
            writer.integer(1 as Int64)
            writer.integer(-2 as Int64)
            writer.integer(UInt64.max)
            writer.number(1.5)
            writer.number(300.0)
            writer.number(Double.infinity)
            writer.bool(true)
            writer.null()
            writer.beginMap(2)
            writer.string("a")
            writer.beginArray(0)
            writer.string("b\"")
            writer.beginMap(0)
        }
        MessagePackHubProtocol.write(.ping, into: &expected)
        MessagePackHubProtocol.writeStreamItem(invocationID: "1", into: &expected) { $0.string("x") }
        MessagePackHubProtocol.writeCompletion(invocationID: "1", into: &expected) { $0.integer(1 as Int64) }
        var written = ByteBuffer()
        try MessagePackHubProtocol.write(transcoding: json, into: &written)
        #expect(written == expected)
    }
}
