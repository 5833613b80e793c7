import ChatModels
import ChunkStreams
import HubBackplane
import HubTesting
import Logging
import NIOCore
import Synchronization
import Testing

@testable import ChatHub

@Suite struct AskTests {
    private static let id = ChunkStreamID()

    @Test(arguments: [
        Ask(id: id, meta: ReplyMeta(owner: nil), prompt: "Why?"),
        Ask(id: id, meta: ReplyMeta(owner: ""), prompt: ""),
        Ask(id: id, meta: ReplyMeta(owner: "ada@example.com"), prompt: "Grüße 👋🏽\n", losses: 3),
        Ask(id: id, meta: ReplyMeta(owner: nil), prompt: "And?", conversation: ConversationID("trip-1")),
    ]) func survivesTheQueue(ask: Ask) {
        #expect(Ask(payload: ask.payload) == ask)
        var followed = ask
        followed.follower = StreamFollower(node: NodeID(), tag: 7)
        #expect(Ask(payload: followed.payload) == followed)
    }

    @Test func refusesWhatIsNoAskWithoutTrapping() {
        let payload = Ask(id: Self.id, meta: ReplyMeta(owner: "ada"), prompt: "Why?").payload
        for length in 0..<40 {
            #expect(payload.getSlice(at: 0, length: length).flatMap(Ask.init(payload:)) == nil)
        }
        #expect(Ask(payload: ByteBuffer(repeating: 0xFF, count: 100)) == nil)
    }

    @Test func aReplyIsHeldByItsOwnerOrByWhoKnowsItsId() {
        #expect(ReplyMeta(owner: nil).isHeld(by: nil))
        #expect(ReplyMeta(owner: nil).isHeld(by: "ada"))
        #expect(ReplyMeta(owner: "ada").isHeld(by: "ada"))
        #expect(!ReplyMeta(owner: "ada").isHeld(by: "bob"))
        #expect(!ReplyMeta(owner: "ada").isHeld(by: nil))
    }

    @Test func placesAreNeverMoreThanThereAre() {
        let places = WorkerPlaces(limit: 5)
        #expect(places.take(upTo: 3) == 3)
        #expect(!places.isNearlyFull)
        #expect(places.take(upTo: 3) == 2)
        #expect(places.isNearlyFull)
        #expect(places.take(upTo: 1) == 0)
        places.giveBack(5)
        #expect(places.isEmpty)
    }

    @Test(.timeLimit(.minutes(1))) func thoseNearlyFullDoNotStandInLine() async throws {
        let (backplane, names) = (FaultyBackplane(), BackplaneNames(app: "test"))
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let leases = NodeLeases(backplane: backplane, node: NodeID(), logger: logger)
        var configuration = ChatHubConfiguration()
        configuration.maximumReplies = 10
        let worker = ReplyWorker(
            model: EchoModel(), configuration: configuration,
            conversations: Conversations(
                backplane: backplane, names: names, configuration: configuration.conversations, logger: logger),
            groups: GroupLog(backplane: backplane, names: names, configuration: configuration.groups),
            gate: ReplyGate(limits: configuration.limits, backplane: backplane, names: names, logger: logger),
            streams: ChunkStreams(backplane: backplane, names: names, leases: leases, logger: logger), executor: nil,
            logger: logger)
        let queue = AskQueue(
            backplane: backplane, queue: names.asks, leases: leases, deadline: .seconds(30), logger: logger)
        #expect(worker.places.take(upTo: 9) == 9)
        let running = Task { await queue.run(on: worker) }
        defer { running.cancel() }
        while backplane.takes.withLock({ $0.count }) < 3 { await Task.yield() }
        #expect(backplane.takes.withLock { $0.allSatisfy { $0.count == 1 && $0.wait == nil } })
        worker.places.giveBack(9)
        while backplane.takes.withLock({ $0.last?.wait }) == nil { await Task.yield() }
        #expect(backplane.takes.withLock { $0.last?.count } == 10)
    }
}
