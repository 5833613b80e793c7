import NIOCore
import Testing

@testable import HubTransports

@Suite struct InputQueueTests {
    private func bytes(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 7, count: count) }

    @Test func handsOnInOrderAndInPieces() {
        var queue = InputQueue<Int>(limit: 100)
        #expect(queue.append(ByteBuffer(string: "abc"), from: 1) == true)
        #expect(queue.append(ByteBuffer(), from: 2) == true)
        #expect(queue.append(ByteBuffer(string: "de"), from: 3) == true)
        #expect(queue.count == 5)
        #expect(queue.next(atMost: 2) == ByteBuffer(string: "ab"))
        #expect(queue.next(atMost: 2) == ByteBuffer(string: "c"))
        #expect(queue.next(atMost: 2) == ByteBuffer(string: "de"))
        #expect(queue.next(atMost: 2) == nil)
        #expect(queue.count == 0)
    }

    @Test func aSenderWaitsUntilHalfOfTheRoomIsFree() {
        var queue = InputQueue<Int>(limit: 100)
        #expect(queue.append(bytes(100), from: 1) == true)
        #expect(queue.append(bytes(1), from: 2) == false)
        #expect(queue.append(bytes(10), from: 3) == false)
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
        #expect(queue.append(bytes(1000), from: 1) == false)
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
        #expect(queue.count == 5)
        #expect(queue.next(atMost: 9) == ByteBuffer(string: "bc"))
        #expect(queue.next(atMost: 9) == ByteBuffer(string: "ghi"))
        #expect(queue.next(atMost: 9) == nil)
        #expect(queue.takeAccepted() == [3])
    }

    @Test func whoAwaitsRoomGetsItWhenHalfIsFree() {
        var queue = InputQueue<Int>(limit: 10)
        queue.awaitRoom(1)
        #expect(queue.takeAccepted() == [1])
        #expect(queue.append(bytes(6), from: 2) == true)
        queue.awaitRoom(3)
        #expect(queue.takeAccepted() == [])
        // Who only waits has nothing to withdraw: what came before is another's.
        queue.withdraw { $0 == 3 }
        queue.awaitRoom(4)
        #expect(queue.next(atMost: 1) == bytes(1))
        #expect(queue.takeAccepted() == [4])
        #expect(queue.next(atMost: 9) == bytes(5))
    }

    @Test func whatIsClearedAnswersThoseThatWait() {
        var queue = InputQueue<Int>(limit: 10)
        for sender in 0..<3 { #expect(queue.append(bytes(11), from: sender) == false) }
        #expect(queue.clear() == [0, 1, 2])
        #expect(queue.count == 0)
        #expect(queue.append(bytes(10), from: 1) == true)
    }
}
