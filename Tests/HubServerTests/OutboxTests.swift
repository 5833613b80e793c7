import HubProtocol
import HubTesting
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import HubServer

/// Text that merges while it waits, as a reply's does.
private final class MergingSource: OutboxSource {
    private struct State {
        var text = ""
        var isQueued = false
        var ends = 0
    }

    private let state = Mutex(State())
    private let connection: HubConnection

    init(_ connection: HubConnection) { self.connection = connection }

    func append(_ text: String) {
        let needsEnqueue = state.withLock { state in
            state.text += text
            defer { state.isQueued = true }
            return !state.isQueued
        }
        if needsEnqueue { connection.enqueue(self) }
    }

    func write(into buffer: inout ByteBuffer, limit: Int) -> Bool {
        state.withLock { state in
            let piece = state.text.prefix(max(1, limit - buffer.readableBytes - 10))
            state.text.removeFirst(piece.count)
            if !piece.isEmpty { buffer.writeString("<\(piece)>\u{1E}") }
            state.isQueued = !state.text.isEmpty
            return state.isQueued
        }
    }

    func connectionEnded() { state.withLock { $0.ends += 1 } }

    var ends: Int { state.withLock { $0.ends } }
}

@Suite(.timeLimit(.minutes(1)))
struct OutboxTests {
    private let message: @Sendable (String) -> ByteBuffer = { ByteBuffer(string: $0 + "\u{1E}") }

    @Test func whatWaitsLeavesInOneTransportMessageAndOneFlush() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        let flushes = wire.transport.flushes
        try await wire.onLoop {
            for number in 0..<10 { wire.connection.enqueue(message("\(number)")) }
        }
        #expect(wire.takeFrames() == [(0..<10).map { "\($0)␞" }.joined()])
        #expect(wire.transport.flushes == flushes + 1)
    }

    @Test func manyConnectionsOfALoopAreDrainedInOneGo() async throws {
        let endpoint = Hub().mounted()
        let first = try await Wire.connected(endpoint, id: "first")
        let second = try await Wire.connected(endpoint, id: "second", on: first.loop)
        try await first.onLoop {
            first.connection.enqueue(message("a"))
            second.connection.enqueue(message("b"))
            first.connection.enqueue(message("c"))
        }
        #expect(first.takeFrames() == ["a␞c␞"])
        #expect(second.takeFrames() == ["b␞"])
    }

    @Test func textMergesWhileTheClientIsSlow() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        let source = MergingSource(wire.connection)
        source.append("a")
        try await wire.onLoop {}
        #expect(wire.takeFrames() == ["<a>␞"])
        try await wire.onLoop { wire.transport.setWritable(false) }
        for text in ["b", "c", "d"] {
            source.append(text)
            try await wire.onLoop {}
        }
        #expect(wire.takeFrames().isEmpty)
        try await wire.onLoop { wire.transport.setWritable(true) }
        #expect(wire.takeFrames() == ["<bcd>␞"])
        source.append("e")
        try await wire.onLoop {}
        #expect(wire.takeFrames() == ["<e>␞"])
    }

    @Test func sourcesAndMessagesKeepTheirOrder() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        let source = MergingSource(wire.connection)
        try await wire.onLoop {
            wire.connection.enqueue(message("1"))
            source.append("2")
            wire.connection.enqueue(message("3"))
        }
        #expect(wire.takeFrames() == ["1␞<2>␞3␞"])
    }

    @Test func aLongTextLeavesInPiecesAndLetsOthersIn() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        let source = MergingSource(wire.connection)
        try await wire.onLoop {
            source.append(String(repeating: "x", count: 40_000))
            wire.connection.enqueue(message("between"))
        }
        let frames = wire.takeFrames()
        #expect(frames.allSatisfy { $0.utf8.count <= 16 * 1024 + 10 && $0.hasSuffix("␞") })
        #expect(frames.count == 3)
        #expect(frames[1].hasPrefix("between␞"))
        #expect(frames.joined().filter { $0 == "x" }.count == 40_000)
    }

    @Test func aLargeMessageIsPassedOnUncopied() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        let large = message(String(repeating: "x", count: 100_000))
        try await wire.onLoop {
            wire.connection.enqueue(message("a"))
            wire.connection.enqueue(large)
            wire.connection.enqueue(message("b"))
        }
        #expect(wire.takeFrames().map(\.count) == [2, 100_001, 2])
    }

    @Test func tooManyBytesEndTheConnection() async throws {
        let journal = Journal()
        let hub = Hub()
        hub.onDisconnected { _, error in journal.note("\(error.map { "\($0)" } ?? "in order")") }
        let wire = try await Wire.connected(hub.mounted())
        let source = MergingSource(wire.connection)
        try await wire.onLoop { wire.transport.setWritable(false) }
        source.append("waits")
        let chunk = message(String(repeating: "x", count: 64 * 1024))
        for _ in 0..<17 { wire.connection.enqueue(chunk) }
        try await wire.onLoop {}
        #expect(wire.transport.hubClose == .abort)
        #expect(source.ends == 1)
        try await eventually { wire.connection.endpoint.connectionCount == 0 }
        #expect(journal.all == ["The client did not take its messages fast enough."])
    }

    @Test func bytesThatWereSentDoNotCount() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        let chunk = message(String(repeating: "x", count: 64 * 1024))
        for _ in 0..<100 {
            wire.connection.enqueue(chunk)
            try await wire.onLoop {}
        }
        #expect(wire.transport.hubClose == nil)
        #expect(wire.connection.outbox.withLock { $0.waitingBytes } == 0)
    }

    @Test func aTransportThatTakesNothingIsCutInTime() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        try await wire.onLoop { wire.transport.setWritable(false) }
        await wire.pass(seconds: 60)
        #expect(wire.transport.hubClose == nil)
        wire.connection.enqueue(message("a"))
        try await wire.onLoop {}
        await wire.pass(seconds: 9)
        #expect(wire.transport.hubClose == nil)
        await wire.pass(seconds: 3)
        #expect(wire.transport.hubClose == .abort)
        #expect(wire.connection.endpoint.connectionCount == 0)
    }

    @Test func sourcesAreToldTheEndOnceEvenTooLate() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        let waiting = MergingSource(wire.connection)
        let late = MergingSource(wire.connection)
        try await wire.onLoop { wire.transport.setWritable(false) }
        waiting.append("a")
        try await wire.onLoop { wire.transport.end(error: nil) }
        late.append("b")
        try await wire.onLoop {}
        #expect(waiting.ends == 1)
        #expect(late.ends == 1)
    }

    @Test func joinedMessagesLeaveRoomForAFrameHeader() async throws {
        let headroom = Mutex(-1)
        let loop = try await Wire.connected(Hub().mounted()).loop
        let transport = InProcessTransport(eventLoop: loop) { bytes in headroom.withLock { $0 = bytes.readerIndex } }
        let endpoint = Hub().mounted()
        let reservation = await endpoint.reserve("id")
        let connection = try await loop.executeInContext {
            transport.connect(
                to: endpoint, reservation, request: ConnectionRequest(path: "/", transport: .webSockets))
        }
        MergingSource(connection).append("a")
        await loop.run()
        #expect(headroom.withLock { $0 } >= 14)
    }

    @Test func roomIsWaitedForUntilCancelled() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        try await wire.onLoop { wire.transport.setWritable(false) }
        wire.connection.enqueue(message(String(repeating: "x", count: 100_000)))
        let waiter = Task { await wire.connection.waitForRoom() }
        try await Task.sleep(for: .milliseconds(10))
        waiter.cancel()
        await waiter.value
        let ended = Task { await wire.connection.waitForRoom() }
        try await wire.onLoop { wire.transport.end(error: nil) }
        await ended.value
    }
}
