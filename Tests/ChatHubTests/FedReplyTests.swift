import ChatModels
import ChunkStreams
import HubBackplane
import HubServer
import HubTesting
import Logging
import Testing

@testable import ChatHub

/// Replies that a backend feeds at one node, for clients of both.
@Suite(.timeLimit(.minutes(1))) struct FedReplyTests {
    private struct Resumed: Decodable { let status: String, finish: String? }

    /// Two nodes that take connections.
    private func withNodes(_ body: @escaping @Sendable ([HubEndpoint]) async throws -> Void) async throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let (backplane, names) = (InMemoryBackplane(), BackplaneNames(app: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            var endpoints: [HubEndpoint] = []
            for _ in 0..<2 {
                let leases = NodeLeases(backplane: backplane, node: NodeID(), logger: logger)
                let server = HubServer(
                    backplane: backplane, names: names, node: leases.node, leases: leases, logger: logger)
                let streams = ChunkStreams(backplane: backplane, names: names, leases: leases, logger: logger)
                let chat = ChatHub(
                    configuration: ChatHubConfiguration(), model: EchoModel(), streams: streams, backplane: backplane,
                    names: names, leases: leases, logger: logger)
                endpoints.append(server.mount(chat.hub(), at: "/chat"))
                group.addTask { try await leases.run() }
                group.addTask { try await streams.run() }
                group.addTask { try await chat.run() }
            }
            defer { group.cancelAll() }
            try await body(endpoints)
        }
    }

    private func state(_ outcome: HubStreamOutcome) throws -> HubStreamState {
        guard case .done(let state) = outcome else { throw NotDone(outcome: outcome) }
        return state
    }

    private struct NotDone: Error { let outcome: HubStreamOutcome }

    @Test func theClientsOfAUserSeeAReplyAsThatOfAModel() async throws {
        try await withNodes { nodes in
            var clients: [HubTestClient] = []
            for number in 0..<4 {
                let client = try await HubTestClient.connect(
                    to: nodes[number / 2], userID: "ada", speaksMessagePack: number.isMultiple(of: 2))
                // The hub knows it when it has answered.
                _ = try await client.invoke("Resume", "unknown", 0, returning: Resumed.self)
                clients.append(client)
            }
            let stranger = try await HubTestClient.connect(to: nodes[1], userID: "eve")
            let (near, far) = (try #require(nodes[0].streams), try #require(nodes[1].streams))
            let opened = try state(await near.open(HubStreamOpening(audience: .user("ada")), at: nodes[0]))
            let id = opened.id
            for client in clients {
                let typing = try await client.next("typing")
                #expect(try typing.argument(0, as: String.self) == id)
            }
            #expect(try state(await far.append("Hello ", at: 0, to: id)).bytes == 6)
            for client in clients {
                #expect(try await client.next("partial").argument(1, as: String.self) == "Hello ")
            }
            #expect(try state(await near.append("there", at: 6, to: id)).bytes == 11)
            let end = try state(await far.end(id, at: 11, .completed, usage: nil))
            #expect(try state(await near.end(id, at: 11, .completed, usage: nil)) == end)
            #expect(await near.append("more", at: 11, to: id) == .ended(end))
            struct Summary: Decodable { let finish: String, bytes: Int, sha256: String }
            for client in clients {
                #expect(try await client.next("partial").argument(1, as: String.self) == "there")
                let summary = try await client.next("completed").argument(1, as: Summary.self)
                #expect(summary.finish == "completed" && summary.bytes == 11)
                #expect(summary.sha256 == end.end?.sha256)
            }
            #expect(try await stranger.invoke("Resume", id, 0, returning: Resumed.self).status == "forbidden")
            let resumed = try await clients[3].invoke("Resume", id, 1, returning: Resumed.self)
            #expect(resumed.status == "ended" && resumed.finish == "completed")
            #expect(try await clients[3].next("partial").argument(1, as: String.self) == "there")
        }
    }

    @Test func aReplyToNobodyIsRefused() async throws {
        try await withNodes { nodes in
            let streams = try #require(nodes[0].streams)
            for audience in [HubAddress.connection("none"), .group("none"), .user("none")] {
                #expect(await streams.open(HubStreamOpening(audience: audience), at: nodes[0]) == .nobody)
            }
            #expect(await streams.open(HubStreamOpening(id: "short"), at: nodes[0]) == .badID)
            #expect(await streams.append("x", at: 0, to: "short") == .unknown)
            #expect(await streams.stop(ChunkStreamID().rawValue) == .unknown)
        }
    }

    /// Its answer was lost: the client sees one reply, and what was sent before is there.
    @Test func anOpeningMayBeRepeated() async throws {
        try await withNodes { nodes in
            let client = try await HubTestClient.connect(to: nodes[1])
            _ = try await client.invoke("Resume", "unknown", 0, returning: Resumed.self)
            let opening = HubStreamOpening(id: ChunkStreamID().rawValue, audience: .connection(client.connectionID))
            let id = try #require(opening.id)
            let (near, far) = (try #require(nodes[0].streams), try #require(nodes[1].streams))
            #expect(try state(await near.open(opening, at: nodes[0])).bytes == 0)
            #expect(try state(await near.append("Hello", at: 0, to: id)).bytes == 5)
            #expect(try state(await far.open(opening, at: nodes[1])).bytes == 5)
            #expect(try state(await near.open(opening, at: nodes[0])).bytes == 5)
            let problem = HubStreamProblem(code: "tired", message: "The backend is tired.", retryable: true)
            let end = try state(await far.end(id, at: 5, .failed(problem), usage: nil))
            #expect(end.end?.problem == problem)
            #expect(await near.open(opening, at: nodes[0]) == .ended(end))
            struct Problem: Decodable { let code: String, retryable: Bool, bytes: Int }
            let told = try await client.next("failed").argument(1, as: Problem.self)
            #expect(told.code == "tired" && told.retryable && told.bytes == 5)
            #expect(try client.events() == ["typing true", "typing false", "Hello"])
        }
    }

    @Test func aReplyOfTheModelIsNotFed() async throws {
        try await withNodes { nodes in
            struct Asked: Decodable { let messageId: String }
            let client = try await HubTestClient.connect(to: nodes[1])
            let id = try await client.invoke("AskAi", "hello", returning: Asked.self).messageId
            let streams = try #require(nodes[0].streams)
            guard case .ended = await streams.open(HubStreamOpening(id: id), at: nodes[0]) else {
                return #expect(Bool(false), "it was opened")
            }
            #expect(try state(await streams.state(of: id)).end?.finish == "completed")
            #expect(try state(await streams.stop(id)).end?.finish == "completed")
        }
    }

    /// A group's members may stop it, and the backend is told.
    @Test func aReplyThatIsStoppedTakesNoMoreText() async throws {
        try await withNodes { nodes in
            let client = try await HubTestClient.connect(to: nodes[1])
            _ = try await client.invoke("Resume", "unknown", 0, returning: Resumed.self)
            #expect(await nodes[0].hub.groups.add(client.connectionID, to: "room") == .done)
            let streams = try #require(nodes[0].streams)
            let id = try state(await streams.open(HubStreamOpening(audience: .group("room")), at: nodes[0])).id
            #expect(try state(await streams.append("Hello", at: 0, to: id)).bytes == 5)
            #expect(try await client.next("partial").argument(0, as: String.self) == id)
            #expect(try await client.invoke("Stop", id, returning: Resumed.self).status == "stopped")
            guard case .ended(let state) = await streams.append(" more", at: 5, to: id) else {
                return #expect(Bool(false), "more was taken")
            }
            #expect(state.end?.finish == "stopped" && state.bytes == 5)
            guard case .ended = await streams.end(id, at: 5, .completed, usage: nil) else {
                return #expect(Bool(false), "it has another end")
            }
        }
    }
}
