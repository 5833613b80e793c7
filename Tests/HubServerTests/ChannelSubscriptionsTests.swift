import Foundation
import HubBackplane
import Logging
import NIOCore
import Synchronization
import Testing

@testable import HubServer

@Suite(.timeLimit(.minutes(1)))
struct ChannelSubscriptionsTests {
    /// Once each message was passed through two functions more than the one before it, until a node did nothing else.
    @Test func messagesTakeTheSameWayHoweverManyCameBefore() async throws {
        let backplane = InMemoryBackplane()
        let names = BackplaneNames(app: "tests")
        let subscriptions = ChannelSubscriptions(
            backplane: backplane, names: names, node: NodeID(), hubName: "/hub", logger: Logger(label: "test"))
        let depths = Mutex<[Int]>([])
        subscriptions.start { _, _ in
            let depth = Thread.callStackReturnAddresses.count
            depths.withLock { $0.append(depth) }
        }
        await subscriptions.retain(.all)
        for count in 1...40 {
            backplane.publish(ByteBuffer(), to: HubAddress.all.channel(names, hub: "/hub")) { _ in }
            try await eventually { depths.withLock { $0.count } == count }
        }
        subscriptions.release(.all)
        let (first, last) = try depths.withLock { (try #require($0.first), try #require($0.last)) }
        #expect(last < first + 10)
    }
}
