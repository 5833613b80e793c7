import HubBackplane
import HubTesting
import NIOCore
import Testing

@testable import ChunkStreams

/// What the producing node tells those that follow its streams.
@Suite(.timeLimit(.minutes(1))) struct FeedTests {
    /// A follower often hears of an opening entry before the node that has written it. Whoever got no answer would ask
    /// again a second later.
    @Test(arguments: BackplaneKind.allCases)
    func whoFollowsAStreamFromItsOpeningWaitsForNothing(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let delays = try await withThrowingTaskGroup(of: Duration.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        let id = ChunkStreamID()
                        let sink = ReadingSink()
                        let viewer = nodes[1].view(id, after: .start, sink: sink)
                        let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
                        for _ in 0..<3 {
                            try await producer.append(ByteBuffer(string: "."))
                            try await Task.sleep(for: .milliseconds(2))
                        }
                        let written = ContinuousClock.now
                        let read = await sink.read(viewer) { $0.text.count == 3 }
                        #expect(read.text == "...")
                        viewer.cancel()
                        return written.duration(to: .now)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(delays.allSatisfy { $0 < .milliseconds(700) })
        }
    }
}
