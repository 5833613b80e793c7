import HubBackplane
import HubTesting
import NIOCore
import NIOPosix
import Testing

@testable import HubServer

/// Many clients on several event loops and two nodes at once; what may happen at the same time, does.
@Suite(.timeLimit(.minutes(1)))
struct StressTests {
    @Test func clientsComeInvokeJoinAndGo() async throws {
        let cluster = Cluster { hub in
            hub.on("Echo") { (_, text: String) in text }
            hub.on("Shout") { (context, number: Int) in try await context.clients.group("room").send("News", number) }
            hub.on("Numbers") { (_, count: Int) in
                AsyncStream<Int> { continuation in
                    for number in 0..<count { continuation.yield(number) }
                    continuation.finish()
                }
            }
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        try await withThrowingTaskGroup { tasks in
            for number in 0..<60 {
                tasks.addTask {
                    let client = try await HubTestClient.connect(
                        to: cluster.nodes[number % 2], userID: "user \(number % 7)", on: group.next())
                    try await client.invoke("Join", "room")
                    for round in 0..<10 {
                        let echo = try await client.invoke("Echo", "\(number) \(round)", returning: String.self)
                        #expect(echo == "\(number) \(round)")
                        try await client.send("Shout", round)
                        #expect(try await client.stream("Numbers", 20, of: Int.self) == Array(0..<20))
                    }
                    if number.isMultiple(of: 3) {
                        try await client.send("Numbers", 5)
                        try await client.disconnect()
                    } else {
                        _ = try await client.next("News")
                        cluster.nodes[number % 2].connection(client.connectionID)?.abort()
                        _ = try await client.close()
                    }
                }
            }
            try await tasks.waitForAll()
        }
        for node in cluster.nodes {
            try await eventually { node.connectionCount == 0 && node.subscriptions.isEmpty }
            await node.server.shutdown()
        }
        try await group.shutdownGracefully()
    }
}
