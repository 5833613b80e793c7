import HubTesting
import Testing

@testable import HubServer

extension ClientResultTests {
    @Test func thePlaceGivenUpIsTakenByOthersWithinTheBound() async throws {
        let gate = Gate()
        let hub = Hub()
        var options = HubOptions()
        options.maximumParallelStreamsPerClient = 1
        hub.on("AskMe") { (context) -> Int in try await context.clients.caller.invoke("Answer") }
        hub.on("Wait") { (_) in await gate.arrive() }
        let wire = try await Wire.connected(hub.mounted(options: options))
        func call(_ target: String, _ id: Int) -> String {
            "{\"type\":1,\"invocationId\":\"\(id)\",\"target\":\"\(target)\",\"arguments\":[]}␞"
        }
        // The first goes into the background, where there is one place; the second keeps the place that it has.
        try await wire.send(call("AskMe", 1) + call("AskMe", 2) + call("Wait", 3))
        let questions = try await wire.messages(2)
        #expect(
            questions == [
                "{\"type\":1,\"invocationId\":\"s1\",\"target\":\"Answer\",\"arguments\":[]}",
                "{\"type\":1,\"invocationId\":\"s2\",\"target\":\"Answer\",\"arguments\":[]}",
            ])
        #expect(gate.arrivals.isEmpty)
        try await wire.send("{\"type\":3,\"invocationId\":\"s2\",\"result\":2}␞")
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"2\",\"result\":2}"])
        try await wire.eventually { gate.arrivals.count == 1 }
        try await wire.send("{\"type\":3,\"invocationId\":\"s1\",\"result\":1}␞")
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"result\":1}"])
        gate.open()
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"3\",\"result\":null}"])
    }

    @Test func idsOfOursAndOfTheClientsStreamsAreKeptApart() async throws {
        let hub = Hub()
        hub.on("Count") { (_, strings: HubUpload<String>) in
            var count = 0
            for try await _ in strings { count += 1 }
            return count
        }
        let wire = try await Wire.connected(hub.mounted())
        try await wire.send(
            "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Count\",\"arguments\":[],\"streamIds\":[\"s1\"]}␞")
        async let answer = hub.clients.client("wire").invoke("Answer", returning: Int.self)
        #expect(
            try await wire.messages(1) == [
                "{\"type\":1,\"invocationId\":\"s2\",\"target\":\"Answer\",\"arguments\":[]}"
            ])
        try await wire.send(
            "{\"type\":1,\"invocationId\":\"2\",\"target\":\"Count\",\"arguments\":[],\"streamIds\":[\"s2\"]}␞")
        #expect(
            try await wire.messages(1)
                == ["{\"type\":3,\"invocationId\":\"2\",\"error\":\"Invocation ID 's2' is already in use.\"}"])
        try await wire.send("{\"type\":3,\"invocationId\":\"s1\"}␞{\"type\":3,\"invocationId\":\"s2\",\"result\":5}␞")
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"result\":0}"])
        #expect(try await answer == 5)
    }
}
