import HubServer
import HubTesting
import Testing

/// What methods do before they first wait happens in the order in which the client has sent their invocations.
@Suite(.timeLimit(.minutes(1)))
struct InvocationOrderTests {
    private let journal = Journal()

    /// Methods that note themselves first, and then wait for now shorter, now longer.
    private func hub(limit: Int) -> Hub {
        let hub = Hub(maximumParallelInvocationsPerClient: limit)
        hub.on("Note") { [journal] (_, number: Int) in
            journal.note("\(number)")
            for _ in 0..<number % 4 { await Task.yield() }
        }
        hub.on("Long", isLongRunning: true) { [journal] (_, number: Int) in
            journal.note("\(number)")
            for _ in 0..<number % 3 { await Task.yield() }
        }
        hub.on("Stream") { [journal] (_, number: Int) -> AsyncStream<Int> in
            journal.note("\(number)")
            return AsyncStream<Int> { $0.finish() }
        }
        return hub
    }

    private func invocation(_ number: Int, of method: String) -> String {
        "{\"type\":\(method == "Stream" ? 4 : 1),\"invocationId\":\"\(number)\",\"target\":\"\(method)\","
            + "\"arguments\":[\(number)]}␞"
    }

    @Test(arguments: 0..<20) func allKindsBeginInOneOrderWhereNoneHasToWait(_: Int) async throws {
        var options = HubOptions()
        options.maximumParallelStreamsPerClient = 90
        let wire = try await Wire.connected(hub(limit: 90).mounted(options: options))
        let methods = ["Note", "Stream", "Long"]
        try await wire.send((0..<90).map { invocation($0, of: methods[$0 % 3]) }.joined())
        try await wire.eventually { journal.all.count == 90 }
        #expect(journal.all == (0..<90).map { "\($0)" })
    }

    /// While places become free, new invocations come.
    @Test(arguments: [1, 2, 3, 8]) func orderIsKeptAsPlacesBecomeFree(limit: Int) async throws {
        let wire = try await Wire.connected(hub(limit: limit).mounted())
        for number in 0..<400 { try await wire.send(invocation(number, of: "Note")) }
        try await wire.eventually { journal.all.count == 400 }
        #expect(journal.all == (0..<400).map { "\($0)" })
    }

    /// Streams do not wait, and cancelled ones may be over before they began; the others keep their order.
    @Test(arguments: [1, 3]) func orderIsKeptAmongStreamsAndCancellations(limit: Int) async throws {
        var options = HubOptions()
        options.maximumParallelStreamsPerClient = 300
        let wire = try await Wire.connected(hub(limit: limit).mounted(options: options))
        for number in 0..<300 {
            try await wire.send(invocation(number, of: number % 3 == 0 ? "Stream" : "Note"))
            if number % 5 == 0 { try await wire.send("{\"type\":5,\"invocationId\":\"\(number)\"}␞") }
        }
        #expect(try await wire.messages(300).allSatisfy { $0.contains("\"type\":3") })
        let begun = journal.all.compactMap { Int($0) }
        let (streams, others) = (begun.filter { $0 % 3 == 0 }, begun.filter { $0 % 3 != 0 })
        #expect(streams == streams.sorted() && streams.count == 100)
        #expect(others == others.sorted() && others.count >= 160)
    }

    /// A method that waits for its client gives its place to the next one in order.
    @Test func orderIsKeptWhenPlacesAreReleased() async throws {
        let hub = hub(limit: 1)
        hub.on("Ask") { [journal] (context, number: Int) in
            journal.note("\(number)")
            _ = try? await context.clients.caller.invoke("Answer", returning: Int.self)
        }
        var options = HubOptions()
        options.maximumParallelStreamsPerClient = 20
        let wire = try await Wire.connected(hub.mounted(options: options))
        try await wire.send((0..<60).map { invocation($0, of: $0 % 6 == 0 ? "Ask" : "Note") }.joined())
        try await wire.eventually { journal.all.count == 60 }
        #expect(journal.all == (0..<60).map { "\($0)" })
    }
}
