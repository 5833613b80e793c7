import HubProtocol
import NIOCore
import Testing

@testable import HubServer

@Suite struct MessageBufferTests {
    private static func message(_ number: Int) -> ByteBuffer {
        HubConnection.framed(.invocation(InvocationMessage(target: "m\(number)")), .json)
    }

    private static func messages(_ numbers: ClosedRange<Int>) -> ByteBuffer {
        numbers.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer(message($1)) }
    }

    private func acknowledge(_ id: Int64, in buffer: inout MessageBuffer) throws {
        try buffer.acknowledge(id)
    }

    private func replayed(_ buffer: inout MessageBuffer) -> ByteBuffer {
        var all = ByteBuffer()
        while let messages = buffer.nextUnsent(atMost: 100) { all.writeImmutableBuffer(messages) }
        return all
    }

    @Test func whatWasNotAcknowledgedIsWrittenAgain() throws {
        var buffer = MessageBuffer(encoding: .json, limit: 1000)
        #expect(buffer.rewind() == 1)
        #expect(replayed(&buffer) == ByteBuffer())
        buffer.append(Self.message(1))
        buffer.append(Self.messages(2...4))
        buffer.append(Self.message(5))
        #expect(buffer.rewind() == 1)
        #expect(buffer.isReplaying)
        #expect(replayed(&buffer) == Self.messages(1...5))
        #expect(!buffer.isReplaying)
    }

    @Test(arguments: 1...6) func anAcknowledgementMayEndWithinWhatWasWrittenAtOnce(id: Int) throws {
        var buffer = MessageBuffer(encoding: .json, limit: 1000)
        buffer.append(Self.message(1))
        buffer.append(Self.messages(2...4))
        buffer.append(Self.messages(5...6))
        try buffer.acknowledge(Int64(id))
        #expect(buffer.rewind() == Int64(id) + 1)
        #expect(replayed(&buffer) == (id < 6 ? Self.messages(id + 1...6) : ByteBuffer()))
    }

    @Test func isFullBeyondItsLimitUntilEnoughIsAcknowledged() throws {
        let size = Self.message(1).readableBytes
        var buffer = MessageBuffer(encoding: .json, limit: 2 * size)
        buffer.append(Self.messages(1...2))
        #expect(!buffer.isFull)
        buffer.append(Self.message(3))
        #expect(buffer.isFull)
        try buffer.acknowledge(0)
        #expect(buffer.isFull)
        try buffer.acknowledge(1)
        #expect(!buffer.isFull)
        #expect(buffer.size == 2 * size)
        try buffer.acknowledge(3)
        #expect(buffer.size == 0)
    }

    @Test func nobodyCanAcknowledgeWhatWasNeverSent() throws {
        var buffer = MessageBuffer(encoding: .json, limit: 1000)
        #expect(throws: HubProtocolError.self) { try acknowledge(1, in: &buffer) }
        buffer.append(Self.message(1))
        #expect(throws: HubProtocolError.self) { try acknowledge(2, in: &buffer) }
        #expect(throws: HubProtocolError.self) { try acknowledge(.max, in: &buffer) }
        try buffer.acknowledge(.min)
        try buffer.acknowledge(1)
        #expect(buffer.size == 0)
    }

    /// A client that is cut off while it is written messages again has counted some of them only, although it has said
    /// before that it has them all.
    @Test func aClientThatWasCutOffInAReplayIsNotToldOfMoreThanItHasCounted() throws {
        var buffer = MessageBuffer(encoding: .json, limit: 1000)
        buffer.append(Self.messages(1...3))
        #expect(buffer.rewind() == 1)
        _ = buffer.nextUnsent(atMost: 1)
        try buffer.acknowledge(3)
        #expect(buffer.rewind() == 1)
        #expect(replayed(&buffer) == Self.messages(1...3))
        buffer.append(Self.message(4))
        try buffer.acknowledge(4)
        #expect(buffer.rewind() == 5)
    }

    @Test func aClientThatIsAlwaysCutOffPilesNothingUp() throws {
        var buffer = MessageBuffer(encoding: .json, limit: 100)
        var kept = 0
        for number in 1...100 {
            buffer.append(Self.message(number))
            _ = buffer.rewind()
            kept = replayed(&buffer).readableBytes
            try buffer.acknowledge(Int64(number))
        }
        #expect(kept < 400)
        #expect(!buffer.isFull)
    }

    @Test func smallMessagesAreWrittenAgainTogetherAndALargeOneAlone() {
        var buffer = MessageBuffer(encoding: .json, limit: 1000)
        for number in 1...4 { buffer.append(Self.message(number)) }
        let large = HubConnection.framed(
            .invocation(InvocationMessage(target: String(repeating: "x", count: 500))), .json)
        buffer.append(large)
        _ = buffer.rewind()
        #expect(buffer.nextUnsent(atMost: 3 * Self.message(1).readableBytes) == Self.messages(1...3))
        #expect(buffer.nextUnsent(atMost: 3 * Self.message(1).readableBytes) == Self.message(4))
        #expect(buffer.nextUnsent(atMost: 100) == large)
        #expect(buffer.nextUnsent(atMost: 100) == nil)
    }
}

@Suite struct SequenceReceiverTests {
    @Test func whatComesAgainIsNotNew() throws {
        var receiver = SequenceReceiver()
        #expect((1...3).map { _ in receiver.received() } == [true, true, true])
        try receiver.begin(at: 2)
        #expect((2...5).map { _ in receiver.received() } == [false, false, true, true])
        #expect(receiver.takeAck() == 5)
    }

    @Test func oneAcknowledgementIsOwedForAllThatCame() {
        var receiver = SequenceReceiver()
        #expect(!receiver.owesAck)
        #expect(receiver.takeAck() == nil)
        for _ in 1...3 { _ = receiver.received() }
        #expect(receiver.owesAck)
        #expect(receiver.takeAck() == 3)
        #expect(receiver.takeAck() == nil)
    }

    @Test func whatComesAgainIsAcknowledgedAgain() throws {
        var receiver = SequenceReceiver()
        _ = receiver.received()
        #expect(receiver.takeAck() == 1)
        try receiver.begin(at: 1)
        let isNew = receiver.received()
        #expect(!isNew)
        #expect(receiver.takeAck() == 1)
    }

    @Test(arguments: [0, -1, .min, 5, .max]) func numbersThatCannotBeAreRefused(id: Int64) throws {
        var receiver = SequenceReceiver()
        for _ in 1...3 { _ = receiver.received() }
        #expect(throws: HubProtocolError.self) { try receiver.begin(at: id) }
        for id in 1...4 as ClosedRange<Int64> { try receiver.begin(at: id) }
    }

    @Test func aSocketMayEndWhileMessagesComeAgain() throws {
        var receiver = SequenceReceiver()
        for _ in 1...10 { _ = receiver.received() }
        try receiver.begin(at: 1)
        _ = receiver.received()
        try receiver.begin(at: 11)
        let isNew = receiver.received()
        #expect(isNew)
    }
}
