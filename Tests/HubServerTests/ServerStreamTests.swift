import HubServer
import HubTesting
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ServerStreamTests {
    private func invocation(_ target: String, id: String = "1") -> String {
        "{\"type\":4,\"invocationId\":\"\(id)\",\"target\":\"\(target)\",\"arguments\":[]}␞"
    }

    @Test func elementsThenACompletionWithoutResult() async throws {
        let hub = Hub()
        hub.on("Letters") { (_, count: Int) in
            AsyncStream<String> { continuation in
                for letter in ["a", "b", "c"].prefix(count) { continuation.yield(letter) }
                continuation.finish()
            }
        }
        let wire = try await Wire.connected(hub.mounted())
        try await wire.send("{\"type\":4,\"invocationId\":\"9\",\"target\":\"Letters\",\"arguments\":[2]}␞")
        #expect(
            try await wire.messages(3) == [
                "{\"type\":2,\"invocationId\":\"9\",\"item\":\"a\"}",
                "{\"type\":2,\"invocationId\":\"9\",\"item\":\"b\"}",
                "{\"type\":3,\"invocationId\":\"9\"}",
            ])
        let client = try await HubTestClient.connect(to: wire.connection.endpoint)
        #expect(try await client.stream("Letters", 3, of: String.self) == ["a", "b", "c"])
        #expect(try await client.stream("Letters", 0, of: String.self) == [])
    }

    @Test func failuresBeforeAndWhileStreamingDiffer() async throws {
        let hub = Hub()
        hub.on("Early") { (_) async throws -> AsyncStream<Int> in throw HubError("early") }
        hub.on("Late") { (_) in
            AsyncThrowingStream<Int, any Error> { continuation in
                continuation.yield(1)
                continuation.finish(throwing: HubError("late"))
            }
        }
        let wire = try await Wire.connected(hub.mounted())
        try await wire.send(invocation("Early"))
        #expect(
            try await wire.messages(1).joined().contains(
                "\"error\":\"An unexpected error occurred invoking 'Early' on the server. HubException: early\""))
        try await wire.send(invocation("Late", id: "2"))
        #expect(
            try await wire.messages(2).last?.contains(
                "\"error\":\"An error occurred on the server while streaming results. HubException: late\"") == true)
    }

    @Test func cancellationEndsTheStreamWithACompletion() async throws {
        let journal = Journal()
        let hub = Hub()
        hub.on("Endless") { (_) in
            AsyncStream<Int> { continuation in
                continuation.onTermination = { _ in journal.note("terminated") }
                continuation.yield(1)
            }
        }
        let wire = try await Wire.connected(hub.mounted())
        try await wire.send(invocation("Endless"))
        #expect(try await wire.messages(1) == ["{\"type\":2,\"invocationId\":\"1\",\"item\":1}"])
        try await wire.send("{\"type\":5,\"invocationId\":\"1\"}␞")
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\"}"])
        #expect(journal.all == ["terminated"])
    }

    @Test func disconnectEndsTheStream() async throws {
        let journal = Journal()
        let hub = Hub()
        hub.on("Endless") { (_) in
            AsyncStream<Int> { continuation in
                continuation.onTermination = { _ in journal.note("terminated") }
                continuation.yield(1)
            }
        }
        let wire = try await Wire.connected(hub.mounted())
        try await wire.send(invocation("Endless"))
        _ = try await wire.messages(1)
        try await wire.onLoop { wire.transport.end(error: nil) }
        try await eventually { journal.all == ["terminated"] }
    }

    @Test func streamsTakeNoPlaceOfInvocations() async throws {
        let gate = Gate()
        let hub = Hub()
        hub.on("Endless") { (_) in AsyncStream<Int> { $0.yield(1) } }
        hub.on("Wait") { (_) in await gate.arrive() }
        let wire = try await Wire.connected(hub.mounted())
        try await wire.send(invocation("Endless") + invocation("Endless", id: "2"))
        #expect(try await wire.messages(2).count == 2)
        try await wire.send("{\"type\":1,\"invocationId\":\"3\",\"target\":\"Wait\",\"arguments\":[]}␞")
        try await wire.eventually { gate.arrivals.count == 1 }
        gate.open()
    }

    @Test func tooManyStreamsAreRefused() async throws {
        var options = HubOptions()
        options.maximumParallelStreamsPerClient = 1
        let hub = Hub()
        hub.on("Endless") { (_) in AsyncStream<Int> { $0.yield(1) } }
        let wire = try await Wire.connected(hub.mounted(options: options))
        try await wire.send(invocation("Endless") + invocation("Endless", id: "2"))
        let answers = try await wire.messages(2)
        #expect(answers.contains { $0.contains("\"invocationId\":\"2\",\"error\"") })
    }

    @Test func aFastStreamWaitsForASlowClientAndLosesNothing() async throws {
        let journal = Journal()
        let hub = Hub()
        let text = String(repeating: "x", count: 1000)
        hub.on("Fast") { (_) in
            AsyncThrowingStream<String, any Error> { continuation in
                for _ in 0..<3000 { continuation.yield(text) }
                continuation.finish()
            }
        }
        hub.onDisconnected { _, error in journal.note("\(String(describing: error))") }
        let wire = try await Wire.connected(hub.mounted())
        try await wire.onLoop { wire.transport.setWritable(false) }
        try await wire.send(invocation("Fast"))
        // 3 MB are on offer; the outbox would close the connection at 1 MiB.
        try await Task.sleep(for: .milliseconds(50))
        try await wire.onLoop {}
        #expect(wire.takeFrames().isEmpty)
        try await wire.onLoop { wire.transport.setWritable(true) }
        #expect(try await wire.messages(3001).count == 3001)
        #expect(journal.all.isEmpty)
    }
}
