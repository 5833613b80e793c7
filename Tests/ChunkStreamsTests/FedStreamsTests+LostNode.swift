import HubBackplane
import HubTesting
import NIOCore
import Testing

@testable import ChunkStreams

/// Nodes that are lost while backends feed streams there.
extension FedStreamsTests {
    @Test func aStreamGoesOnAtTheNodeThatIsAskedNext() async throws {
        try await CutOffNodes.run(3) { nodes in
            try await withFeeds(nodes.streams) { (feeds) async throws in
                let (id, sink) = (ChunkStreamID(), ReadingSink())
                _ = try await feeds[0].open(id, meta: ByteBuffer(string: "meta"))
                let viewer = nodes.streams[2].view(id, after: .start, sink: sink)
                #expect(await feeds[1].ask(text("abc", at: 0), of: id) == .open(position(1, 3)))
                #expect(await feeds[2].ask(text("def", at: 3), of: id) == .open(position(2, 6)))
                _ = await sink.read(viewer) { $0.text == "abcdef" }
                nodes.cutOff(0)
                #expect(await feeds[1].ask(text("ghi", at: 6), of: id) == .open(position(3, 9)))
                // Whoever does not know yet asks the dead node first.
                #expect(await feeds[2].ask(text("jkl", at: 9), of: id) == .open(position(4, 12)))
                nodes.bringBack(0)
                #expect(await feeds[0].ask(text("!", at: 12), of: id) == .open(position(5, 13)))
                let whole = end(.completed, "abcdefghijkl!", chunks: 5)
                #expect(await feeds[0].ask(.end(.completed, at: 13), of: id) == .ended(whole))
                let read = await sink.read(viewer)
                #expect(read.text == "abcdefghijkl!" && read.ends == [whole] && read.restarts == 0)
                for cursor in 0...5 {
                    let late = ReadingSink()
                    let place = ChunkCursor(textEpoch: 1, seq: UInt64(cursor))
                    let rest = await late.read(nodes.streams[cursor % 3].view(id, after: place, sink: late))
                    #expect(rest.text == String("abcdefghijkl!".dropFirst(cursor * 3)) && rest.ends == [whole])
                }
                #expect(try await nodes.streams[1].meta(of: id) == ByteBuffer(string: "meta"))
            }
        }
    }

    /// What was handed to the node that died and never came to the log was not shown, and its backend was not told that it was
    /// taken: it says it again.
    @Test func whatTheLogHasNotIsSaidAgainAndWasShownToNobody() async throws {
        try await CutOffNodes.run(2) { nodes in
            try await withFeeds(nodes.streams) { (feeds) async throws in
                let (id, home) = (ChunkStreamID(), ReadingSink())
                _ = try await feeds[0].open(id, meta: ByteBuffer())
                let viewer = nodes.streams[0].view(id, after: .start, sink: home)
                #expect(await feeds[0].ask(text("logged ", at: 0), of: id) == .open(position(1, 7)))
                _ = await home.read(viewer) { $0.text == "logged " }
                nodes.cutOff(0)
                async let unanswered = feeds[0].ask(text("one two ", at: 7), of: id)
                // A request behind it would be told of another place were it not there.
                while await feeds[0].perform(.look, on: id) != .open(position(2, 15)) { await Task.yield() }
                #expect(viewer.next(limit: 100) == nil)
                // In other pieces than before.
                #expect(await feeds[1].ask(text("two ", at: 11), of: id) == .elsewhere(position(1, 7)))
                #expect(await feeds[1].ask(text("one ", at: 7), of: id) == .open(position(2, 11)))
                #expect(await feeds[1].ask(text("two ", at: 11), of: id) == .open(position(3, 15)))
                #expect(await unanswered == nil)
                nodes.bringBack(0)
                let whole = end(.completed, "logged one two ", chunks: 3)
                #expect(await feeds[1].ask(.end(.completed, at: 15), of: id) == .ended(whole))
                let read = await home.read(viewer)
                #expect(read.text == "logged one two " && read.ends == [whole])
            }
        }
    }

    @Test func twoNodesThatAreAskedAtOnceDoNotBothGoOn() async throws {
        try await CutOffNodes.run(3) { nodes in
            try await withFeeds(nodes.streams) { (feeds) async throws in
                let id = ChunkStreamID()
                _ = try await feeds[0].open(id, meta: ByteBuffer())
                #expect(await feeds[0].ask(text("abc", at: 0), of: id) == .open(position(1, 3)))
                nodes.cutOff(0)
                async let first = feeds[1].ask(text("def", at: 3), of: id)
                async let second = feeds[2].ask(text("def", at: 3), of: id)
                async let third = feeds[2].ask(text("def", at: 3), of: id)
                let answers = await [first, second, third]
                #expect(answers == Array(repeating: .open(position(2, 6)), count: 3))
                let log = try await nodes.base.read(CutOffNodes.names.stream(id.rawValue).log, after: nil)
                let openings = log.streamEntries.filter { if case .open = $0 { true } else { false } }
                #expect(openings.count == 2)
            }
        }
    }

    /// Its viewers wait for it for a while.
    @Test func aStreamWhoseBackendSaysNoMoreEndsAsLost() async throws {
        var configuration = ChunkStreamsConfiguration()
        configuration.takeOverTime = .milliseconds(500)
        try await CutOffNodes.run(2, configuration: configuration) { nodes in
            try await withFeeds(nodes.streams) { (feeds) async throws in
                let (id, sink) = (ChunkStreamID(), ReadingSink())
                _ = try await feeds[0].open(id, meta: ByteBuffer())
                let viewer = nodes.streams[1].view(id, after: .start, sink: sink)
                _ = await feeds[1].ask(text("abc", at: 0), of: id)
                nodes.cutOff(0)
                // Who only looks does not go on with it.
                #expect(await feeds[1].ask(.look, of: id) == .open(position(1, 3)))
                let lost = end(.failed(.producerLost), "abc", chunks: 1)
                #expect(await sink.read(viewer).ends == [lost])
                #expect(await feeds[1].ask(text("d", at: 3), of: id) == .ended(lost))
            }
        }
    }

    /// A place in a text that lacks something is nobody's to go on at.
    @Test func aLogWithAHoleIsNotGoneOnWith() async throws {
        try await CutOffNodes.run(2) { nodes in
            try await withFeeds(nodes.streams) { (feeds) async throws in
                let id = ChunkStreamID()
                _ = try await feeds[0].open(id, meta: ByteBuffer())
                for (number, piece) in ["abc", "def", "ghi"].enumerated() {
                    _ = await feeds[0].ask(text(piece, at: UInt64(number * 3)), of: id)
                }
                nodes.cutOff(0)
                nodes.backplanes[1].change { $0.lostEntries = [LogID(epoch: 1, seq: 2)] }
                let lost = end(.failed(.producerLost), "abc", chunks: 1)
                #expect(await feeds[1].ask(text("jkl", at: 9), of: id) == .ended(lost))
            }
        }
    }

    @Test func aNodeThatFeedsAsManyAsItMayLeavesItToOthers() async throws {
        var few = FedStreamsConfiguration()
        few.maximumStreams = 1
        let configuration = few
        try await CutOffNodes.run(2) { nodes in
            try await withFeeds(nodes.streams, configuration: configuration) { (feeds) async throws in
                let (id, other) = (ChunkStreamID(), ChunkStreamID())
                _ = try await feeds[0].open(id, meta: ByteBuffer())
                _ = try await feeds[1].open(other, meta: ByteBuffer())
                nodes.cutOff(0)
                #expect(await feeds[1].ask(text("abc", at: 0), of: id) == nil)
                _ = await feeds[1].ask(.end(.completed, at: 0), of: other)
                #expect(await feeds[1].ask(text("abc", at: 0), of: id) == .open(position(1, 3)))
            }
        }
    }
}
