import NIOCore
import Testing

@testable import HubTransports

@Suite struct InputQueueTests {
    private func bytes(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 7, count: count) }

    @Test func handsOnInOrderAndInPieces() {
        var queue = InputQueue<Int>(limit: 100)
        #expect(queue.append(ByteBuffer(string: "abc"), from: 1) == .accepted)
        #expect(queue.append(ByteBuffer(), from: 2) == .accepted)
        #expect(queue.append(ByteBuffer(string: "de"), from: 3) == .accepted)
        #expect(queue.count == 5)
        #expect(queue.next(atMost: 2) == ByteBuffer(string: "ab"))
        #expect(queue.next(atMost: 2) == ByteBuffer(string: "c"))
        #expect(queue.next(atMost: 2) == ByteBuffer(string: "de"))
        #expect(queue.next(atMost: 2) == nil)
        #expect(queue.count == 0)
    }

    @Test func aSenderWaitsUntilHalfOfTheRoomIsFree() {
        var queue = InputQueue<Int>(limit: 100)
        #expect(queue.append(bytes(100), from: 1) == .accepted)
        #expect(queue.append(bytes(1), from: 2) == .waits)
        #expect(queue.append(bytes(10), from: 3) == .waits)
        _ = queue.next(atMost: 50)
        #expect(queue.takeAccepted() == [])
        _ = queue.next(atMost: 1)
        #expect(queue.takeAccepted() == [2])
        _ = queue.next(atMost: 50)
        #expect(queue.takeAccepted() == [3])
        #expect(queue.takeAccepted() == [])
    }

    @Test func aBodyLargerThanTheRoomIsAcceptedWhenEnoughOfItIsRead() {
        var queue = InputQueue<Int>(limit: 100)
        #expect(queue.append(bytes(1000), from: 1) == .waits)
        _ = queue.next(atMost: 949)
        #expect(queue.takeAccepted() == [])
        _ = queue.next(atMost: 1)
        #expect(queue.takeAccepted() == [1])
    }

    @Test func whatIsWithdrawnIsNotRead() {
        var queue = InputQueue<Int>(limit: 2)
        _ = queue.append(ByteBuffer(string: "abc"), from: 1)
        _ = queue.append(ByteBuffer(string: "def"), from: 2)
        _ = queue.append(ByteBuffer(string: "ghi"), from: 3)
        #expect(queue.next(atMost: 1) == ByteBuffer(string: "a"))
        queue.withdraw { $0 < 3 }
        #expect(queue.next(atMost: 9) == ByteBuffer(string: "bc"))
        #expect(queue.next(atMost: 9) == ByteBuffer(string: "ghi"))
        #expect(queue.next(atMost: 9) == nil)
        #expect(queue.takeAccepted() == [3])
    }

    @Test func tooManySendersAreRefused() {
        var queue = InputQueue<Int>(limit: 10)
        var outcomes: [InputQueue<Int>.Appended] = []
        for sender in 0..<18 { outcomes.append(queue.append(bytes(11), from: sender)) }
        #expect(outcomes == Array(repeating: .waits, count: 16) + [.refused, .refused])
        #expect(queue.count == 16 * 11)
        #expect(queue.clear() == Array(0..<16))
        #expect(queue.count == 0)
        #expect(queue.append(bytes(10), from: 1) == .accepted)
    }
}
