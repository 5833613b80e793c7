import HubTesting
import NIOCore
import Testing

@testable import HubServer

@Suite(.timeLimit(.minutes(1)))
struct UploadsStateMachineTests {
    private func item(_ number: Int, size: Int = 4) -> ByteBuffer {
        var item = ByteBuffer(integer: Int32(number))
        item.writeRepeatingByte(0, count: size - 4)
        return item
    }

    @Test func fullAtTheBoundAndRoomAtHalfOfIt() async throws {
        let room = Journal()
        let uploads = Uploads(capacity: 3) { room.note("room") }
        let number = uploads.open("a")
        var sent = 0
        while !uploads.receive(item(sent), for: "a") { sent += 1 }
        #expect(sent + 1 == 3 + Uploads.StateMachine.maximumExcess)
        for taken in 0...sent {
            #expect(try await uploads.next(of: number) == item(taken))
            #expect(room.all.count == (taken < Uploads.StateMachine.maximumExcess / 2 - 1 ? 0 : 1))
        }
        #expect(uploads.end("a", error: nil))
        #expect(try await uploads.next(of: number) == nil)
        #expect(!uploads.end("a", error: nil))
        uploads.close(number)
        #expect(uploads.isEmpty)
    }

    @Test func streamsShareTheBoundInBytes() async throws {
        let room = Journal()
        let uploads = Uploads(capacity: 100) { room.note("room") }
        let numbers = ["a", "b"].map { uploads.open($0) }
        var sent = 0
        while !uploads.receive(item(sent, size: 10_000), for: sent.isMultiple(of: 2) ? "a" : "b") { sent += 1 }
        #expect(sent + 1 == 14)
        uploads.close(numbers[0])
        #expect(room.all.count == 0)
        #expect(try await uploads.next(of: numbers[1]) == item(1, size: 10_000))
        #expect(room.all.count == 1)
        #expect(!uploads.receive(item(0), for: "a"))
    }

    @Test func errorsComeBehindTheItems() async throws {
        let uploads = Uploads(capacity: 3) {}
        let number = uploads.open("a")
        _ = uploads.receive(item(1), for: "a")
        #expect(uploads.end("a", error: HubError("no")))
        #expect(try await uploads.next(of: number) == item(1))
        for _ in 0..<2 { await #expect(throws: HubError("no")) { try await uploads.next(of: number) } }
        uploads.close(number)
        #expect(try await uploads.next(of: number) == nil)
    }

    @Test func whoWaitsIsWokenWhateverHappens() async throws {
        let uploads = Uploads(capacity: 3) {}
        let number = uploads.open("a")
        func waiting() async throws -> Task<ByteBuffer?, any Error> {
            let task = Task { try await uploads.next(of: number) }
            // Whether it waits already cannot be seen; both orders must do.
            for _ in 0..<Int.random(in: 0...3) { await Task.yield() }
            return task
        }
        for round in 0..<200 {
            let taken = try await waiting()
            _ = uploads.receive(item(round), for: "a")
            #expect(try await taken.value == item(round))
            let cancelled = try await waiting()
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
        }
        let closed = try await waiting()
        uploads.close(number)
        #expect(try await closed.value == nil)
    }

    @Test func everyItemArrivesOnceAndInOrderWhileBothSidesRun() async throws {
        let (room, roomIsThere) = AsyncStream.makeStream(of: Void.self)
        let uploads = Uploads(capacity: 10) { roomIsThere.yield() }
        let numbers = (0..<4).map { uploads.open("\($0)") }
        async let received = withThrowingTaskGroup(of: [Int32].self) { tasks in
            for number in numbers {
                tasks.addTask {
                    var items: [Int32] = []
                    while let item = try await uploads.next(of: number) {
                        items.append(item.getInteger(at: 0) ?? -1)
                        if items.count.isMultiple(of: 50) { await Task.yield() }
                    }
                    return items
                }
            }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        var generator = SeededGenerator(seed: 21)
        var rooms = room.makeAsyncIterator()
        var sent = [Int](repeating: 0, count: 4)
        while sent.contains(where: { $0 < 2000 }) {
            let stream = Int.random(in: 0..<4, using: &generator)
            guard sent[stream] < 2000 else { continue }
            let isFull = uploads.receive(item(sent[stream]), for: "\(stream)")
            sent[stream] += 1
            if isFull { await rooms.next() }
        }
        for stream in 0..<4 { #expect(uploads.end("\(stream)", error: nil)) }
        for items in try await received { #expect(items == Array(0..<2000)) }
    }
}
