import HubBackplane
import HubServer
import HubTesting
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(1)))
struct SendingTests {
    /// Clients 0 and 1 are on one node, 2 and 3 on another; 0 and 2 are the user "even"; 0 calls.
    private func told(_ count: Int, register: @escaping @Sendable (HubContext, [String]) async throws -> Void)
        async throws -> [Int]
    {
        let cluster = Cluster { hub in hub.on("Tell") { (context, ids: [String]) in try await register(context, ids) } }
        let clients = try await cluster.clients()
        try await clients[0].invoke("Tell", clients.map(\.connectionID))
        return try await clients.told(count)
    }

    @Test func caller() async throws {
        #expect(try await told(1) { context, _ in try await context.clients.caller.send("News") } == [0])
    }

    @Test func all() async throws {
        #expect(try await told(4) { context, _ in try await context.clients.all.send("News") } == [0, 1, 2, 3])
    }

    @Test func others() async throws {
        #expect(try await told(3) { context, _ in try await context.clients.others.send("News") } == [1, 2, 3])
    }

    @Test func allExcept() async throws {
        let told = try await told(2) { context, ids in
            try await context.clients.allExcept([ids[1], ids[3]]).send("News")
        }
        #expect(told == [0, 2])
    }

    @Test func clientHereAndElsewhere() async throws {
        let told = try await told(3) { context, ids in
            try await context.clients.client(ids[1]).send("News")
            try await context.clients.client(ids[3]).send("News")
            try await context.clients.clients([ids[2], "nobody"]).send("News")
            try await context.clients.client("nobody").send("News")
        }
        #expect(told == [1, 2, 3])
    }

    @Test func user() async throws {
        #expect(try await told(2) { context, _ in try await context.clients.user("even").send("News") } == [0, 2])
        let twice = try await told(2) { context, _ in try await context.clients.users(["even", "odd"]).send("News") }
        #expect(twice == [0, 2])
    }

    @Test func groups() async throws {
        let all = try await told(4) { context, _ in try await context.clients.group("everyone").send("News") }
        #expect(all == [0, 1, 2, 3])
        let others = try await told(3) { context, _ in
            try await context.clients.othersInGroup("everyone").send("News")
            try await context.clients.group("Everyone").send("News")
        }
        #expect(others == [1, 2, 3])
        let some = try await told(2) { context, ids in
            try await context.clients.groupExcept("everyone", [ids[0], ids[3]]).send("News")
        }
        #expect(some == [1, 2])
        let twice = try await told(8) { context, _ in
            try await context.clients.groups(["everyone", "everyone"]).send("News")
        }
        #expect(twice == [0, 0, 1, 1, 2, 2, 3, 3])
    }

    @Test func fromOutsideTheHub() async throws {
        let cluster = Cluster()
        let clients = try await cluster.clients()
        try await cluster.nodes[0].hub.clients.all.send("News", 1, "two", [3.5])
        #expect(try await clients.told(4) == [0, 1, 2, 3])
        for client in clients {
            let news = try await client.next("News")
            #expect(news.count == 3)
            #expect(try news.argument(0, as: Int.self) == 1)
            #expect(try news.argument(1, as: String.self) == "two")
            #expect(try news.argument(2, as: [Double].self) == [3.5])
        }
    }

    @Test func hubsOfOneNodeDoNotHearEachOther() async throws {
        let backplane = InMemoryBackplane()
        let server = HubServer.testing(on: backplane)
        let other = HubServer.testing(on: backplane)
        func mounted(on server: HubServer, at path: String) -> HubEndpoint {
            let hub = Hub()
            hub.on("Here") { (_) in }
            return server.mount(hub, at: path)
        }
        let chat = try await HubTestClient.connect(to: mounted(on: server, at: "/chat"))
        let news = try await HubTestClient.connect(to: mounted(on: other, at: "/news"))
        // A client is sent to from its first answer on.
        for client in [chat, news] { try await client.invoke("Here") }
        let hub = Hub()
        _ = HubServer.testing(on: backplane).mount(hub, at: "/chat")
        try await hub.clients.clients([news.connectionID, chat.connectionID]).send("News")
        try await hub.clients.all.send("News")
        #expect(try await [chat, news].told(2) == [0, 0])
    }

    @Test func oneSendersMessagesArriveInOrder() async throws {
        let cluster = Cluster()
        let clients = try await cluster.clients()
        for number in 0..<200 {
            try await cluster.nodes[0].hub.clients.client(clients[number % 4].connectionID).send("News", number)
        }
        #expect(try await clients.told(200).count == 200)
        for (index, client) in clients.enumerated() {
            for number in stride(from: index, to: 200, by: 4) {
                #expect(try await client.next("News").argument(0, as: Int.self) == number)
            }
        }
    }

    @Test func argumentThatCannotBeEncodedThrows() async throws {
        let hub = Hub()
        _ = hub.mounted()
        await #expect(throws: EncodingError.self) { try await hub.clients.all.send("News", Double.nan) }
    }

    @Test func aLoopOfSendsToOneClientGoesAtItsPace() async throws {
        let hub = Hub()
        let wire = try await Wire.connected(hub.mounted())
        try await wire.onLoop { wire.transport.setWritable(false) }
        let journal = Journal()
        let text = String(repeating: "x", count: 1000)
        let sender = Task {
            for _ in 0..<2000 { try await hub.clients.client("wire").send("News", text) }
            journal.note("done")
        }
        try await Task.sleep(for: .milliseconds(30))
        #expect(journal.all.isEmpty)
        try await wire.onLoop { wire.transport.setWritable(true) }
        #expect(try await wire.messages(2000).count == 2000)
        try await sender.value
        #expect(journal.all == ["done"])
    }
}
