import HubServer
import HubTesting
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ProtocolErrorTests {
    private func hub() -> Hub {
        let hub = Hub()
        hub.on("Echo") { (_, text: String) in text }
        return hub
    }

    @Test(arguments: [
        "{\"protocol\":\"json\",\"version\":1}␞", "not json␞", "[1]␞", "{\"type\":1}␞", "{\"type\":\"1\"}␞", "␞",
        "{\"type\":3,\"invocationId\":\"1\",\"result\":1,\"error\":\"x\"}␞", String(repeating: "x", count: 33_000),
    ])
    func brokenProtocolClosesTheConnection(bytes: String) async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(bytes)
        #expect(
            wire.takeFrames() == [
                "{\"type\":7,\"error\":\"Connection closed with an error.\",\"allowReconnect\":true}␞"
            ])
        #expect(wire.transport.hubClose == .normal)
        #expect(wire.connection.endpoint.connectionCount == 0)
    }

    @Test func detailsAreToldWhereTheOptionsSaySo() async throws {
        var options = HubOptions()
        options.enableDetailedErrors = true
        let wire = try await Wire.connected(hub().mounted(options: options))
        try await wire.send("{}␞")
        #expect(
            wire.takeMessages() == [
                "{\"type\":7,\"error\":\"Connection closed with an error. HubProtocolError: The message has no 'type'.\","
                    + "\"allowReconnect\":true}"
            ])
    }

    @Test func whatNobodyAskedForIsIgnored() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(
            "{\"type\":2,\"invocationId\":\"1\",\"item\":1}␞{\"type\":3,\"invocationId\":\"1\"}␞{\"type\":99}␞"
                + "{\"type\":8,\"sequenceId\":1}␞{\"type\":6}␞"
                + "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[\"a\"],\"new\":1}␞")
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"result\":\"a\"}"])
    }

    @Test func messagesMayBeCutAnywhereAndJoinedAnyhow() async throws {
        let wire = try await Wire.connected(hub().mounted())
        let count = 40
        let bytes = ByteBuffer(
            string: (0..<count).map { number in
                "{\"type\":1,\"invocationId\":\"\(number)\",\"target\":\"Echo\",\"arguments\":[\"ä\(number)€\"]}\u{1E}"
            }.joined())
        var random = SeededGenerator(seed: 7)
        var rest = bytes
        while rest.readableBytes > 0 {
            let length = Int.random(in: 1...min(rest.readableBytes, 150), using: &random)
            try await wire.send(try #require(rest.readSlice(length: length)))
        }
        #expect(
            try await wire.messages(count)
                == (0..<count).map { "{\"type\":3,\"invocationId\":\"\($0)\",\"result\":\"ä\($0)€\"}" })
    }
}
