import FoundationEssentials
import HubProtocol
import HubServer
import HubTesting
import NIOCore
import Testing

private struct Person: Codable, Sendable, Equatable {
    var Name: String
    var Born: Date?
    var Photo: Data?
}

private let ada = Person(Name: "Ada", Born: Date(timeIntervalSince1970: -4_861_728_000), Photo: Data([1, 2, 3]))

/// The hub as clients see it that speak MessagePack.
@Suite(.timeLimit(.minutes(1)))
struct MessagePackConnectionTests {
    private func hub() -> Hub {
        let hub = Hub()
        hub.on("Nothing") { (_) in }
        hub.on("Add") { (_, a: Int, b: Int) in a + b }
        hub.on("Echo") { (_, person: Person) in person }
        hub.on("Infinity") { (_) in Double.infinity }
        hub.on("Refuse") { (_, why: String) in throw HubError(why) }
        hub.on("Count") { (_, to: Int) in
            AsyncStream<Int> {
                for n in 1...to { $0.yield(n) }; $0.finish()
            }
        }
        hub.on("Endless") { (_) in AsyncStream<Int> { $0.yield(1) } }
        hub.on("Tell") { (context, person: Person) in try await context.clients.all.send("Told", person, 3.0) }
        return hub
    }

    @Test func invocationsAndTheirErrors() async throws {
        let client = try await HubTestClient.connect(to: hub().mounted(), speaksMessagePack: true)
        #expect(try await client.invoke("Add", 40, 2, returning: Int.self) == 42)
        #expect(try await client.invoke("echo", ada, returning: Person.self) == ada)
        #expect(try await client.invoke("Infinity", returning: Double.self) == .infinity)
        try await client.invoke("Nothing")
        await #expect(
            throws: HubTestError.invocationFailed(
                "An unexpected error occurred invoking 'Refuse' on the server. HubException: no")
        ) { try await client.invoke("Refuse", "no") }
        for (target, error) in [
            ("Nope", "Unknown hub method 'Nope'"), ("Add", "Failed to invoke 'Add' due to an error on the server."),
        ] {
            await #expect(throws: HubTestError.invocationFailed(error)) { try await client.invoke(target, 1, "two") }
        }
    }

    @Test func streams() async throws {
        let client = try await HubTestClient.connect(to: hub().mounted(), speaksMessagePack: true)
        #expect(try await client.stream("Count", 300, of: Int.self) == Array(1...300))
        let id = try await client.begin("Endless", [], asStream: true)
        try await client.send(.cancelInvocation(id: id))
        #expect(try await client.completion(of: id) == nil)
    }

    @Test func aMessageThatIsNoneClosesTheConnection() async throws {
        for bytes in [[0x01, 0xC1], [0x00], [0x01, 0x01], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF]] as [[UInt8]] {
            let client = try await HubTestClient.connect(to: hub().mounted(), speaksMessagePack: true)
            try await client.invoke("Nothing")
            try await client.transport.eventLoop.submit { client.transport.send(ByteBuffer(bytes: bytes)) }.get()
            #expect(
                try await client.close()
                    == CloseMessage(error: "Connection closed with an error.", allowReconnect: true))
        }
    }

    /// Written by a client's library: `msgpackr`-like minimal forms, five elements, a float for a number.
    @Test func bytesOfAnotherImplementation() async throws {
        let client = try await HubTestClient.connect(to: hub().mounted(), speaksMessagePack: true)
        let message: [UInt8] = [
            0x95, 0x01, 0xDE, 0, 0, 0xD9, 1, 0x61, 0xA3, 0x61, 0x64, 0x64, 0x92, 0xCB, 0x40, 8, 0, 0, 0, 0, 0, 0, 0xD0,
            4,
        ]
        let bytes = ByteBuffer(bytes: [UInt8(message.count)] + message)
        try await client.transport.eventLoop.submit { client.transport.send(bytes) }.get()
        let result = try #require(try await client.completion(of: "a"))
        #expect(result == ByteBuffer(bytes: [7]))
    }

    @Test func aBroadcastSaysTheSameToAllClientsOnAllNodes() async throws {
        let cluster = Cluster { hub in
            hub.on("Tell") { (context, person: Person) in try await context.clients.all.send("Told", person, 3.0) }
            hub.on("TellPlain") { (context, text: String) in try await context.clients.all.send("Told", text, [1, 2]) }
        }
        let clients = try await cluster.clients()
        for (caller, client) in clients.enumerated() {
            try await client.invoke("Tell", ada)
            try await client.invoke("TellPlain", "caller \(caller)")
            for receiver in clients {
                let told = try await receiver.next("Told")
                #expect(try told.argument(0, as: Person.self) == ada)
                #expect(try told.argument(1, as: Double.self) == 3)
                let plain = try await receiver.next("Told")
                #expect(try plain.argument(0, as: String.self) == "caller \(caller)")
                #expect(try plain.argument(1, as: [Int].self) == [1, 2])
            }
        }
        // Raw: a client of .NET would not take an integer, or text, for these.
        try await clients[0].invoke("Tell", ada)
        for receiver in [clients[1], clients[3]] {
            let message = try await receiver.inbox.take(within: .seconds(5)) { message in
                if case .invocation(let invocation) = message { invocation.target == "Told" } else { false }
            }
            guard case .invocation(let told) = message else { return }
            #expect(
                MessagePackValue(trusting: told.arguments[1]).bytes.getInteger(at: told.arguments[1].readerIndex)
                    == 0xCB as UInt8)
            let members = try #require(MessagePackValue(trusting: told.arguments[0]).members())
            #expect(members.map { $0.key.string() } == ["Name", "Born", "Photo"])
            #expect(members[1].value.timestamp()?.seconds == -4_861_728_000)
            #expect(members[2].value.binary() == ByteBuffer(bytes: [1, 2, 3]))
        }
    }
}
