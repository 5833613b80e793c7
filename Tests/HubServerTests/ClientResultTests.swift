import HubBackplane
import HubProtocol
import HubTesting
import NIOCore
import Testing

@testable import HubServer

/// Hubs that ask a client: 0 and 1 are on one node, 2 and 3 on another; 1 and 3 speak MessagePack.
@Suite(.timeLimit(.minutes(1)))
struct ClientResultTests {
    private static func register(_ hub: Hub) {
        hub.on("Ask") { (context, id: String, question: String) -> Int in
            try await context.clients.client(id).invoke("Answer", question, returning: Int.self)
        }
        hub.on("AskMe") { (context) -> String in try await context.clients.caller.invoke("Name") }
        hub.on("Nothing") { (_) in }
    }

    private let backplane = InMemoryBackplane()
    private let cluster: Cluster

    init() { cluster = Cluster(on: backplane, register: Self.register) }

    @Test func everyClientAnswersThroughEveryNode() async throws {
        let clients = try await cluster.clients()
        for asker in clients {
            for (number, client) in clients.enumerated() {
                async let answer = asker.invoke("Ask", client.connectionID, "n?", returning: Int.self)
                let question = try await client.next("Answer")
                #expect(question.isAnswered)
                #expect(try question.argument(0, as: String.self) == "n?")
                try await client.answer(question, with: number)
                #expect(try await answer == number)
            }
        }
    }

    @Test func theCallerMayBeAskedWhileItsOneInvocationRuns() async throws {
        let clients = try await cluster.clients()
        async let name = clients[0].invoke("AskMe", returning: String.self)
        let question = try await clients[0].next("Name")
        // It even invokes something before it answers.
        try await clients[0].invoke("Nothing")
        try await clients[0].answer(question, with: "Ada")
        #expect(try await name == "Ada")
    }

    @Test(arguments: [1, 3]) func manyQuestionsAtOnceGetTheirOwnAnswers(receiver: Int) async throws {
        let client = try await cluster.clients()[receiver]
        let hub = cluster.nodes[0].hub
        try await withThrowingTaskGroup { tasks in
            for number in 0..<50 {
                tasks.addTask {
                    let answer = try await hub.clients.client(client.connectionID)
                        .invoke("Answer", number, returning: Int.self)
                    #expect(answer == number + 1000)
                }
            }
            var questions: [HubTestInvocation] = []
            for _ in 0..<50 { questions.append(try await client.next("Answer")) }
            for question in questions.shuffled() {
                try await client.answer(question, with: try question.argument(0, as: Int.self) + 1000)
            }
            try await tasks.waitForAll()
        }
    }

    @Test(arguments: [0, 3]) func theClientsErrorIsThrownWithItsWords(receiver: Int) async throws {
        let client = try await cluster.clients()[receiver]
        let answer = Task {
            try await cluster.nodes[0].hub.clients.client(client.connectionID).invoke(
                "Answer", returning: Int.self)
        }
        try await client.answer(try await client.next("Answer"), error: "Error: from callback")
        await #expect(throws: HubError("Error: from callback")) { try await answer.value }
    }

    @Test(arguments: [0, 3]) func aResultOfAnotherTypeFailsOnlyTheCall(receiver: Int) async throws {
        let client = try await cluster.clients()[receiver]
        let proxy = cluster.nodes[0].hub.clients.client(client.connectionID)
        let answer = Task { try await proxy.invoke("Answer", returning: Int.self) }
        try await client.answer(try await client.next("Answer"), with: "ten")
        let error = await #expect(throws: HubClientResultError.self) { try await answer.value }
        #expect(error?.message == "Client result wasn't deserializable to Int.")
        async let none = proxy.invoke("Answer", returning: Int?.self)
        let question = try await client.next("Answer")
        try await client.send(
            .completion(CompletionMessage(invocationID: try #require(question.id), outcome: .streamEnd)))
        #expect(try await none == nil)
    }

    @Test(arguments: [0, 1]) func whoIsNotThereDoesNotExist(node: Int) async throws {
        let clients = try await cluster.clients()
        await #expect(throws: HubClientResultError.connectionDoesNotExist("nobody")) {
            try await cluster.nodes[node].hub.clients.client("nobody").invoke("Answer", returning: Int.self)
        }
        #expect(HubClientResultError.connectionDoesNotExist("x").message == "Connection 'x' does not exist.")
        try await clients[0].disconnect()
        try await eventually { cluster.nodes[0].connectionCount == 1 }
        await #expect(throws: HubClientResultError.connectionDoesNotExist(clients[0].connectionID)) {
            try await cluster.nodes[node].hub.clients.client(clients[0].connectionID)
                .invoke("Answer", returning: Int.self)
        }
    }

    @Test(arguments: [0, 1]) func whoGoesWhileAskedFailsTheCallAtOnce(node: Int) async throws {
        let client = try await cluster.clients()[0]
        let answer = Task {
            try await cluster.nodes[node].hub.clients.client(client.connectionID)
                .invoke("Answer", returning: Int.self)
        }
        _ = try await client.next("Answer")
        try await client.disconnect()
        await #expect(throws: HubClientResultError.connectionDisconnected(client.connectionID)) {
            try await answer.value
        }
        #expect(HubClientResultError.connectionDisconnected("x").message == "Connection 'x' disconnected.")
    }

    @Test(arguments: [0, 1]) func aClientThatDoesNotAnswerIsNotWaitedForForEver(node: Int) async throws {
        let client = try await cluster.clients()[0]
        let proxy = cluster.nodes[node].hub.clients.client(client.connectionID)
        await #expect(throws: HubClientResultError.canceled) {
            try await proxy.invoke("Answer", returning: Int.self, timeout: .milliseconds(50))
        }
        #expect(HubClientResultError.canceled.message == "Invocation canceled by the server.")
        // What comes too late is ignored.
        try await client.answer(try await client.next("Answer"), with: 1)
        try await client.invoke("Nothing")
    }

    @Test(arguments: [0, 1]) func aCancelledTaskWaitsNoLonger(node: Int) async throws {
        let client = try await cluster.clients()[0]
        let proxy = cluster.nodes[node].hub.clients.client(client.connectionID)
        let asking = Task { try await proxy.invoke("Answer", returning: Int.self) }
        _ = try await client.next("Answer")
        asking.cancel()
        await #expect(throws: HubClientResultError.canceled) { try await asking.value }
        let never = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await proxy.invoke("Answer", returning: Int.self)
        }
        await #expect(throws: HubClientResultError.canceled) { try await never.value }
    }

    @Test(arguments: [0, 1]) func anyLengthOfTimeMayBeGiven(node: Int) async throws {
        let client = try await cluster.clients()[0]
        let proxy = cluster.nodes[node].hub.clients.client(client.connectionID)
        async let answer = proxy.invoke("Answer", returning: Int.self, timeout: .seconds(Int64.max))
        try await client.answer(try await client.next("Answer"), with: 1)
        #expect(try await answer == 1)
        await #expect(throws: HubClientResultError.canceled) {
            try await proxy.invoke("Answer", returning: Int.self, timeout: .zero)
        }
    }

    @Test func anAnswerOfAnotherConnectionIsRefused() async throws {
        let clients = try await cluster.clients()
        async let answer = cluster.nodes[0].hub.clients.client(clients[0].connectionID)
            .invoke("Answer", returning: Int.self)
        let question = try await clients[0].next("Answer")
        for other in [clients[1], clients[2]] {
            try await other.answer(question, with: 666)
            try await other.invoke("Nothing")
        }
        try await clients[0].answer(question, with: 1)
        #expect(try await answer == 1)
    }

    @Test func aClientHasSoManyToAnswerAndNoMore() async throws {
        let client = try await cluster.clients()[0]
        let proxy = cluster.nodes[0].hub.clients.client(client.connectionID)
        try await withThrowingTaskGroup { tasks in
            for _ in 0..<ClientInvocations.maximumCount {
                tasks.addTask { _ = try? await proxy.invoke("Answer", returning: Int.self) }
            }
            for _ in 0..<ClientInvocations.maximumCount { _ = try await client.next("Answer") }
            await #expect(throws: HubClientResultError.tooManyInvocations(client.connectionID)) {
                try await proxy.invoke("Answer", returning: Int.self)
            }
            tasks.cancelAll()
        }
        // Those that nobody waits for any more are still asked: their answers make room.
        try await client.disconnect()
    }

    @Test func callbacksOfTheConnectionSayWhatIsPossible() async throws {
        let journal = Journal()
        let hub = Hub()
        hub.onConnected { context in
            do {
                let _: Int = try await context.clients.caller.invoke("Answer")
            } catch let error as HubClientResultError {
                journal.note("\(error.code == .notAllowed)")
            }
        }
        hub.onDisconnected { context, _ in
            do {
                let _: Int = try await context.clients.client("other").invoke("Answer")
            } catch let error as HubClientResultError {
                journal.note("\(error.code == .notAllowed)")
            }
        }
        hub.on("Nothing") { (_) in }
        let client = try await HubTestClient.connect(to: hub.mounted())
        try await client.invoke("Nothing")
        try await client.disconnect()
        try await eventually { journal.all == ["true", "true"] }
    }

    @Test func aConnectingClientsHubMayAskOthers() async throws {
        let hub = Hub()
        hub.on("Nothing") { (_) in }
        hub.onConnected { context in
            guard let host = context.request.query("host") else { return }
            let isWelcome: Bool = try await context.clients.client(host).invoke("MayEnter", context.connectionID)
            guard isWelcome else { throw HubError("no") }
        }
        let endpoint = hub.mounted()
        let host = try await HubTestClient.connect(to: endpoint)
        let guest = try await HubTestClient.connect(to: endpoint, query: [("host", host.connectionID)])
        let question = try await host.next("MayEnter")
        #expect(try question.argument(0, as: String.self) == guest.connectionID)
        try await host.answer(question, with: true)
        try await guest.invoke("Nothing")
    }

    @Test func backplaneAwayIsTold() async throws {
        let backplane = FaultyBackplane()
        let cluster = Cluster(on: backplane, register: Self.register)
        let clients = try await cluster.clients()
        backplane.setAway(true)
        await #expect(throws: HubClientResultError.unavailable(clients[2].connectionID)) {
            try await cluster.nodes[0].hub.clients.client(clients[2].connectionID).invoke("Answer", returning: Int.self)
        }
        async let answer = cluster.nodes[0].hub.clients.client(clients[0].connectionID)
            .invoke("Answer", returning: Int.self)
        try await clients[0].answer(try await clients[0].next("Answer"), with: 7)
        #expect(try await answer == 7)
    }
}
