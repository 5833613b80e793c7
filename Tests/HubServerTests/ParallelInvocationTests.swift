import HubServer
import HubTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ParallelInvocationTests {
    private func hub(_ gate: Gate, limit: Int?) -> Hub {
        let hub = Hub(maximumParallelInvocationsPerClient: limit)
        hub.on("Wait") { (_, name: String) in
            await gate.arrive(name)
            try Task.checkCancellation()
            return name
        }
        return hub
    }

    private func invocation(_ id: String) -> String {
        "{\"type\":1,\"invocationId\":\"\(id)\",\"target\":\"Wait\",\"arguments\":[\"\(id)\"]}␞"
    }

    private func completion(_ id: String) -> String { "{\"type\":3,\"invocationId\":\"\(id)\",\"result\":\"\(id)\"}" }

    @Test func oneAtATimeInTheirOrderByDefault() async throws {
        let gate = Gate()
        let wire = try await Wire.connected(hub(gate, limit: nil).mounted())
        try await wire.send((1...5).map { invocation("\($0)") }.joined())
        try await wire.eventually { gate.arrivals == ["1"] }
        gate.letOne()
        try await wire.eventually { gate.arrivals == ["1", "2"] }
        gate.open()
        #expect(try await wire.messages(5) == (1...5).map { completion("\($0)") })
        #expect(gate.arrivals == ["1", "2", "3", "4", "5"])
    }

    @Test func sideBySideUpToTheLimit() async throws {
        let gate = Gate()
        let wire = try await Wire.connected(hub(gate, limit: 3).mounted())
        try await wire.send((1...5).map { invocation("\($0)") }.joined())
        try await wire.eventually { gate.arrivals.count == 3 }
        try await Task.sleep(for: .milliseconds(20))
        #expect(Set(gate.arrivals) == ["1", "2", "3"])
        gate.letOne()
        try await wire.eventually { gate.arrivals.count == 4 }
        #expect(gate.arrivals.last == "4")
        gate.open()
        #expect(try await wire.messages(5).count == 5)
    }

    @Test func longRunningMethodsTakeNoPlace() async throws {
        let gate = Gate()
        let hub = Hub()
        var options = HubOptions()
        options.maximumParallelStreamsPerClient = 2
        hub.on("Long", isLongRunning: true) { (_, name: String) in
            await gate.arrive(name)
            return name
        }
        hub.on("Short") { (_) in }
        let wire = try await Wire.connected(hub.mounted(options: options))
        let long = (1...3).map { invocation("\($0)").replacing("Wait", with: "Long") }
        try await wire.send(
            long.joined() + invocation("4").replacing("Wait", with: "Short").replacing("\"4\"]", with: "]"))
        let answers = try await wire.messages(2)
        #expect(answers[0].contains("\"invocationId\":\"3\",\"error\":\"An unexpected error occurred invoking 'Long'"))
        #expect(answers[0].contains("HubException: The client has as many streams and long-running invocations"))
        #expect(answers[1] == "{\"type\":3,\"invocationId\":\"4\",\"result\":null}")
        try await wire.eventually { gate.arrivals.count == 2 }
        gate.letOne()
        _ = try await wire.messages(1)
        try await wire.send(long[2])
        try await wire.eventually { gate.arrivals.count == 3 }
        gate.open()
        #expect(try await wire.messages(2).sorted().last == completion("3"))
    }

    @Test func cancellationReachesARunningInvocation() async throws {
        let gate = Gate()
        let wire = try await Wire.connected(hub(gate, limit: 1).mounted())
        try await wire.send(invocation("1") + "{\"type\":5,\"invocationId\":\"1\"}␞")
        gate.open()
        let answer = try await wire.messages(1)
        #expect(
            answer == [
                "{\"type\":3,\"invocationId\":\"1\",\"error\":\"An unexpected error occurred invoking 'Wait' on the server.\"}"
            ])
    }

    @Test func cancellationReachesAWaitingInvocationWithoutRunningIt() async throws {
        let gate = Gate()
        let wire = try await Wire.connected(hub(gate, limit: 1).mounted())
        try await wire.send(invocation("1") + invocation("2") + invocation("3"))
        try await wire.send("{\"type\":5,\"invocationId\":\"2\"}␞{\"type\":5,\"invocationId\":\"unknown\"}␞")
        gate.open()
        let answers = try await wire.messages(3)
        #expect(answers[0] == completion("1"))
        #expect(answers[1].contains("\"invocationId\":\"2\",\"error\""))
        #expect(answers[2] == completion("3"))
        #expect(gate.arrivals == ["1", "3"])
    }

    @Test func idInUseIsRefusedAndFreeAgainAfterwards() async throws {
        let gate = Gate()
        let wire = try await Wire.connected(hub(gate, limit: 5).mounted())
        try await wire.send(invocation("1") + invocation("1"))
        #expect(
            try await wire.messages(1)
                == ["{\"type\":3,\"invocationId\":\"1\",\"error\":\"Invocation ID '1' is already in use.\"}"])
        gate.open()
        #expect(try await wire.messages(1) == [completion("1")])
        try await wire.eventually { gate.arrivals.count == 1 }
        try await wire.send(invocation("1"))
        #expect(try await wire.messages(1) == [completion("1")])
    }

    @Test func pingsCountWhileInvocationsWait() async throws {
        let gate = Gate()
        let wire = try await Wire.connected(hub(gate, limit: 1).mounted())
        try await wire.send(invocation("1") + invocation("2") + "{\"type\":6}␞")
        for _ in 0..<6 {
            await wire.pass(seconds: 10)
            try await wire.send("{\"type\":6}␞")
        }
        #expect(wire.transport.hubClose == nil)
        gate.open()
        #expect(try await wire.messages(2) == [completion("1"), completion("2")])
    }

    @Test func aFloodIsNotReadFurtherUntilThereIsRoom() async throws {
        let gate = Gate()
        let wire = try await Wire.connected(hub(gate, limit: 1).mounted())
        try await wire.send("{\"type\":6}␞" + (1...300).map { invocation("\($0)") }.joined())
        #expect(!wire.transport.isReading)
        // Not being read from, the client cannot be blamed for its silence.
        for _ in 0..<9 { await wire.pass(seconds: 10) }
        #expect(wire.transport.hubClose == nil)
        gate.open()
        let answers = try await wire.messages(300)
        #expect(answers == (1...300).map { completion("\($0)") })
        #expect(wire.transport.isReading)
    }
}
