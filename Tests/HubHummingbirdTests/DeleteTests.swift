import HubBackplane
import HubHummingbird
import HubServer
import HubTesting
import Synchronization
import Testing

/// `DELETE` of a long-polling connection, at its home or at another node, while a poll is under way at any. Node 0 is the
/// home.
@Suite(.timeLimit(.minutes(1))) struct DeleteTests {
    /// Where the poll and the `DELETE` of a connection arrive.
    struct Arrival: CustomTestStringConvertible, Sendable {
        let poll: Int
        let delete: Int

        var testDescription: String { "poll at \(poll), DELETE at \(delete)" }
        static let all = [Arrival(poll: 0, delete: 0), Arrival(poll: 1, delete: 0), Arrival(poll: 1, delete: 2)]
    }

    /// Serves a hub at three nodes, and tells how often it was told of a disconnect.
    private func withNodes(
        _ body: @Sendable ([TestNode], _ ends: @escaping @Sendable () -> Int) async throws -> Void
    ) async throws {
        let ends = Atomic(0)
        let errors = Atomic(0)
        let hub: @Sendable () -> Hub = {
            let hub = Hub.forTests()
            hub.onDisconnected { _, error in
                ends.add(1, ordering: .relaxed)
                if error != nil { errors.add(1, ordering: .relaxed) }
            }
            return hub
        }
        let backplane = InMemoryBackplane()
        // For that long a home repeats an answer whose edge cannot tell it any more what became of it.
        var hubOptions = HubOptions()
        hubOptions.relayTimeout = .seconds(3)
        let options = hubOptions
        try await withNode(hubs: ["/chat": hub()], backplane: backplane, hubOptions: options) { first async throws in
            try await withNode(hubs: ["/chat": hub()], backplane: backplane, hubOptions: options) {
                second async throws in
                try await withNode(hubs: ["/chat": hub()], backplane: backplane, hubOptions: options) {
                    third async throws in
                    try await body([first, second, third]) { ends.load(ordering: .relaxed) }
                }
            }
        }
        #expect(errors.load(ordering: .relaxed) == 0, "a client that goes in good order")
    }

    @Test(arguments: Arrival.all) func aPollThatWaitsIsCompleted(at arrival: Arrival) async throws {
        try await withNodes { nodes, ends in
            let connection = try await PollingConnection(to: nodes)
            try await connection.shakeHands()
            async let poll = testRequest("GET", connection.urls[arrival.poll])
            try await connection.pollWaits()
            let deleted = try await testRequest("DELETE", connection.urls[arrival.delete])
            #expect(deleted.status == 202)
            #expect(deleted.body == "")
            #expect(try await poll.status == 204)
            try await connection.leavesNothing()
            #expect(ends() == 1)
            #expect(try await testRequest("DELETE", connection.urls[arrival.delete]).status == 404)
        }
    }

    /// The two are sent at the same moment, again and again: the poll is outstanding when the connection ends, or comes when
    /// there is none any more.
    @Test(arguments: Arrival.all) func aPollThatCrossesItEndsToo(at arrival: Arrival) async throws {
        try await withNodes { nodes, ends in
            for round in 1...20 {
                let connection = try await PollingConnection(to: nodes)
                try await connection.shakeHands()
                async let poll = testRequest("GET", connection.urls[arrival.poll])
                async let deleted = testRequest("DELETE", connection.urls[arrival.delete])
                #expect(try await deleted.status == 202)
                let answer = try await poll
                switch answer.status {
                case 204: #expect(answer.body == "")
                case let status:
                    #expect(status == 404)
                    #expect(answer.body == "No Connection with that ID")
                }
                try await connection.leavesNothing()
                #expect(ends() == round)
            }
        }
    }

    /// The client does not want it any more.
    @Test(arguments: Arrival.all) func aMessageThatWaitsGoesWithTheConnection(at arrival: Arrival) async throws {
        try await withNodes { nodes, ends in
            let connection = try await PollingConnection(to: nodes)
            try await connection.shakeHands()
            // No poll is there, so it waits at the home.
            try await connection.endpoints[0].hub.clients.client(connection.id).send("told", "the last")
            #expect(try await testRequest("DELETE", connection.urls[arrival.delete]).status == 202)
            try await connection.leavesNothing()
            #expect(ends() == 1)
            let poll = try await testRequest("GET", connection.urls[arrival.poll])
            #expect(poll.status == 404)
            #expect(poll.body == "No Connection with that ID")
        }
    }

    /// What a poll was given before reaches its client nevertheless.
    @Test(arguments: Arrival.all) func aMessageThatIsUnderWayArrives(at arrival: Arrival) async throws {
        try await withNodes { nodes, ends in
            let connection = try await PollingConnection(to: nodes)
            try await connection.shakeHands()
            async let poll = testRequest("GET", connection.urls[arrival.poll])
            try await connection.pollWaits()
            try await connection.endpoints[0].hub.clients.client(connection.id).send("told", "the last")
            #expect(try await testRequest("DELETE", connection.urls[arrival.delete]).status == 202)
            let answer = try await poll
            #expect(answer.status == 200)
            #expect(answer.body.contains("the last"))
            try await connection.leavesNothing()
            #expect(ends() == 1)
            #expect(try await testRequest("GET", connection.urls[arrival.poll]).status == 404)
        }
    }
}
