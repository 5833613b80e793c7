import HubProtocol
import HubTesting
import NIOCore
import Testing

@Suite struct MessagePackHubProtocolTests {
    @Test(arguments: MessagePackSamples.messages)
    func writesExactlyTheseBytes(message: HubMessage, bytes: [UInt8]) {
        #expect(messagePack(message) == [UInt8(bytes.count)] + bytes)
    }

    @Test(arguments: MessagePackSamples.messages)
    func parsesWhatItWrites(message: HubMessage, bytes: [UInt8]) throws {
        #expect(try parse(bytes) == message)
    }

    @Test func aPingIsTheseThreeBytes() {
        #expect(messagePack(.ping) == [0x02, 0x91, 0x06])
    }

    @Test func answersAVoidMethodWithNilAndEndsAStreamWithNothing() throws {
        let void = HubMessage.completion(CompletionMessage(invocationID: "1", outcome: .void))
        let streamEnd = HubMessage.completion(CompletionMessage(invocationID: "1", outcome: .streamEnd))
        #expect(messagePack(void) == [0x07, 0x95, 0x03, 0x80, 0xA1, 0x31, 0x03, 0xC0])
        #expect(messagePack(streamEnd) == [0x06, 0x94, 0x03, 0x80, 0xA1, 0x31, 0x02])
        #expect(try parse([0x94, 0x03, 0x80, 0xA1, 0x31, 0x02]) == void)
    }

    @Test(arguments: [0, 1, 126, 127, 128, 129, 16_382, 16_383, 16_384, 70_000, 2_097_151, 2_097_200])
    func lengthsTakeAsFewBytesAsTheyNeed(size: Int) throws {
        var argument = ByteBuffer()
        MessagePackWriter.append(to: &argument) { $0.string(String(repeating: "x", count: size)) }
        let message = HubMessage.streamItem(StreamItemMessage(invocationID: "1", item: argument))
        var buffer = ByteBuffer(string: "before")
        MessagePackHubProtocol.write(.ping, into: &buffer)
        MessagePackHubProtocol.write(message, into: &buffer)
        MessagePackHubProtocol.write(.ping, into: &buffer)
        #expect(buffer.readString(length: 6) == "before")
        let length = 5 + argument.readableBytes
        let prefix = length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : length < 1 << 21 ? 3 : 4
        #expect(buffer.readableBytes == 3 + prefix + length + 3)
        var splitter = RecordSplitter(maximumRecordSize: 4_000_000, encoding: .messagePack)
        splitter.feed(buffer)
        var messages: [HubMessage] = []
        while let record = try splitter.next() { messages.append(try MessagePackHubProtocol.parse(record)) }
        #expect(messages == [.ping, message, .ping])
    }

    private static let lenient: [([UInt8], HubMessage)] = [
        // Without stream ids, with nil for them, and with elements of later versions.
        ([0x95, 0x01, 0x80, 0xC0, 0xA1, 0x41, 0x90], .invocation(InvocationMessage(target: "A"))),
        ([0x96, 0x01, 0x80, 0xC0, 0xA1, 0x41, 0x90, 0xC0], .invocation(InvocationMessage(target: "A"))),
        (
            [0x98, 0x01, 0xC0, 0xA0, 0xA1, 0x41, 0x90, 0x90, 0x81, 0xC0, 0xC0, 0xC3],
            .invocation(InvocationMessage(target: "A"))
        ),
        ([0x94, 0x06, 0x01, 0x02, 0x03], .ping),
        ([0x96, 0x05, 0x80, 0xA1, 0x31, 0x01, 0x02, 0x03], .cancelInvocation(id: "1")),
        ([0x91, 0x07], .close(CloseMessage())),
        ([0x94, 0x07, 0xC0, 0xC0, 0xC0], .close(CloseMessage())),
        ([0x93, 0x07, 0xC0, 0xC2], .close(CloseMessage())),
        // Every form of a number, a string and an array.
        ([0x91, 0xCC, 0x06], .ping), ([0x91, 0xCD, 0x00, 0x06], .ping), ([0x91, 0xCE, 0, 0, 0, 6], .ping),
        ([0x91, 0xCF, 0, 0, 0, 0, 0, 0, 0, 6], .ping), ([0x91, 0xD0, 0x06], .ping), ([0x91, 0xD1, 0, 6], .ping),
        ([0x91, 0xD2, 0, 0, 0, 6], .ping), ([0x91, 0xD3, 0, 0, 0, 0, 0, 0, 0, 6], .ping),
        ([0xDC, 0, 1, 0x06], .ping), ([0xDD, 0, 0, 0, 1, 0x06], .ping),
        ([0x93, 0x05, 0x80, 0xD9, 1, 0x31], .cancelInvocation(id: "1")),
        ([0x93, 0x05, 0xDE, 0, 0, 0xDA, 0, 1, 0x31], .cancelInvocation(id: "1")),
        ([0x93, 0x05, 0xDF, 0, 0, 0, 0, 0xDB, 0, 0, 0, 1, 0x31], .cancelInvocation(id: "1")),
        (
            [0x94, 0x03, 0x80, 0xA1, 0x31, 0xD3, 0, 0, 0, 0, 0, 0, 0, 2],
            .completion(CompletionMessage(invocationID: "1", outcome: .void))
        ),
        ([0x92, 0x08, 0xD1, 0xFF, 0xFE], .ack(sequenceID: -2)),
        ([0x91, 0x63], .unknown(type: 99)), ([0x92, 0xFF, 0xC3], .unknown(type: -1)),
    ]

    @Test(arguments: lenient)
    func isLenientWhereClientsNeedIt(bytes: [UInt8], expected: HubMessage) throws {
        #expect(try parse(bytes) == expected)
    }

    private static let wrong: [([UInt8], HubProtocolError.Code)] = [
        ([], .malformedMessagePack), ([0x90], .missingProperty),
        ([0x06], .malformedMessagePack), ([0x80], .malformedMessagePack), ([0xC0], .malformedMessagePack),
        ([0x91], .malformedMessagePack), ([0x91, 0x06, 0x06], .malformedMessagePack),
        ([0x91, 0xC1], .malformedMessagePack), ([0x91, 0xC0], .missingProperty),
        ([0x91, 0xA1, 0x36], .invalidProperty),
        ([0x91, 0xCB, 0x40, 0x18, 0, 0, 0, 0, 0, 0], .invalidProperty),
        ([0x91, 0xCF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .invalidProperty),
        ([0x94, 0x01, 0x80, 0xC0, 0xA1, 0x41], .missingProperty),
        ([0x95, 0x01, 0x80, 0xC0, 0xC0, 0x90], .missingProperty),
        ([0x95, 0x01, 0x80, 0xC0, 0xA0, 0x90], .invalidProperty),
        ([0x95, 0x01, 0x80, 0xC0, 0x07, 0x90], .invalidProperty),
        ([0x95, 0x01, 0x80, 0xC0, 0xA1, 0x41, 0xC0], .missingProperty),
        ([0x95, 0x01, 0x80, 0xC0, 0xA1, 0x41, 0x80], .invalidProperty),
        ([0x95, 0x01, 0x80, 0x04, 0xA1, 0x41, 0x90], .invalidProperty),
        ([0x95, 0x01, 0xA0, 0xC0, 0xA1, 0x41, 0x90], .invalidProperty),
        ([0x95, 0x01, 0x81, 0xA1, 0x61, 0x01, 0xC0, 0xA1, 0x41, 0x90], .invalidProperty),
        ([0x95, 0x01, 0x81, 0x01, 0xA1, 0x61, 0xC0, 0xA1, 0x41, 0x90], .invalidProperty),
        ([0x96, 0x01, 0x80, 0xC0, 0xA1, 0x41, 0x90, 0xA1, 0x38], .invalidProperty),
        ([0x96, 0x01, 0x80, 0xC0, 0xA1, 0x41, 0x90, 0x91, 0x08], .invalidProperty),
        ([0x95, 0x04, 0x80, 0xC0, 0xA1, 0x41, 0x90], .missingProperty),
        ([0x95, 0x04, 0x80, 0xA0, 0xA1, 0x41, 0x90], .missingProperty),
        ([0x93, 0x02, 0x80, 0xA1, 0x31], .missingProperty), ([0x94, 0x02, 0x80, 0xC0, 0x01], .missingProperty),
        ([0x93, 0x03, 0x80, 0xA1, 0x31], .missingProperty), ([0x94, 0x03, 0x80, 0xA1, 0x31, 0x00], .invalidProperty),
        ([0x94, 0x03, 0x80, 0xA1, 0x31, 0x04], .invalidProperty),
        ([0x94, 0x03, 0x80, 0xA1, 0x31, 0x03], .missingProperty),
        ([0x94, 0x03, 0x80, 0xA1, 0x31, 0x01], .missingProperty),
        ([0x95, 0x03, 0x80, 0xA1, 0x31, 0x01, 0x01], .invalidProperty),
        ([0x94, 0x03, 0x80, 0xC0, 0x02], .missingProperty),
        ([0x92, 0x05, 0x80], .missingProperty), ([0x92, 0x07, 0x01], .invalidProperty),
        ([0x93, 0x07, 0xC0, 0x01], .invalidProperty), ([0x91, 0x08], .missingProperty),
        ([0x92, 0x08, 0xA1, 0x31], .invalidProperty),
        ([0x92, 0x09, 0xCF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .invalidProperty),
        // Claims of more than there is: counted, never allocated.
        ([0xDD, 0xFF, 0xFF, 0xFF, 0xFF, 0x06], .malformedMessagePack),
        ([0x92, 0x06, 0xDF, 0xFF, 0xFF, 0xFF, 0xFF], .malformedMessagePack),
        ([0x92, 0x06, 0xDB, 0xFF, 0xFF, 0xFF, 0xFF, 0x41], .malformedMessagePack),
        ([0x92, 0x06, 0xC6, 0x7F, 0xFF, 0xFF, 0xFF], .malformedMessagePack),
        ([0x92, 0x06, 0xC9, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .malformedMessagePack),
    ]

    @Test(arguments: wrong)
    func refusesMessagesWithWrongElements(bytes: [UInt8], code: HubProtocolError.Code) {
        let error = #expect(throws: HubProtocolError.self) { try parse(bytes) }
        #expect(error?.code == code)
    }

    @Test func refusesWhatIsNestedTooDeeply() throws {
        func nested(_ depth: Int) -> [UInt8] {
            [0x94, 0x02, 0x80, 0xA1, 0x31] + Array(repeating: 0x91, count: depth - 1) + [0xC0]
        }
        #expect(try parse(nested(64)) != .ping)
        let error = #expect(throws: HubProtocolError.self) { try parse(nested(65)) }
        #expect(error?.code == .nestedTooDeeply)
        #expect(throws: HubProtocolError.self) { try parse(nested(30_000)) }
    }

    @Test func refusesEveryMessageThatIsCutOff() {
        for (_, bytes) in MessagePackSamples.messages {
            for length in 0..<bytes.count {
                #expect(throws: HubProtocolError.self) { try parse(Array(bytes.prefix(length))) }
            }
        }
    }

    @Test func survivesAnyBytes() {
        var generator = SeededGenerator(seed: 11)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = MessagePackSamples.messages.randomElement(using: &generator)?.1 ?? []
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: .min ... .max, using: &generator)
            }
            guard let message = try? parse(bytes) else { continue }
            accepted += 1
            // Whatever is accepted can be written, and means the same again.
            #expect(try! parse(Array(messagePack(message).dropFirst())) == message || isVoid(message))
        }
        #expect(accepted > 1000)
    }

    private func isVoid(_ message: HubMessage) -> Bool {
        guard case .completion(let completion) = message else { return false }
        return completion.outcome == .void
    }

    @Test func errorsRepeatNothingThatTheClientSent() {
        let secret = Array("secret".utf8)
        for bytes in [[0x95, 0x01, 0x80, 0xC0, 0x81, 0xA6] + secret + [0xC0, 0x90], [0x91, 0xA6] + secret] {
            let error = #expect(throws: HubProtocolError.self) { try parse(bytes) }
            #expect(error?.description.contains("secret") == false)
        }
    }
}
