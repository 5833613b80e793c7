import HubProtocol
import HubServer
import HubTesting
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HandshakeTests {
    @Test func acceptedHandshakeIsAnsweredInAMessageOfItsOwn() async throws {
        let hub = Hub()
        hub.onConnected { try await $0.clients.caller.send("Welcome") }
        let wire = try await Wire.open(hub.mounted())
        try await wire.send("{\"protocol\":\"json\",\"version\":1}␞{\"type\":6}␞")
        try await wire.eventually { wire.transport.isReading }
        #expect(wire.takeFrames() == ["{}␞", "{\"type\":1,\"target\":\"Welcome\",\"arguments\":[]}␞"])
        #expect(wire.transport.hubClose == nil)
    }

    @Test(arguments: ["JSON", "Json"])
    func protocolNamesMatchWithoutRegardToCase(name: String) async throws {
        let wire = try await Wire.open(Hub().mounted())
        try await wire.send("{\"version\":1,\"extra\":{},\"protocol\":\"\(name)\"}␞")
        try await wire.eventually { wire.hasFrames }
        #expect(wire.takeFrames() == ["{}␞"])
    }

    @Test(arguments: ["messagepack", "MessagePack"])
    func messagePackIsAnsweredInJSONInABinaryFrame(name: String) async throws {
        let wire = try await Wire.open(Hub().mounted())
        var bytes = ByteBuffer(string: "{\"protocol\":\"\(name)\",\"version\":1}\u{1E}")
        bytes.writeBytes([0x02, 0x91, 0x06])
        try await wire.send(bytes)
        try await wire.eventually { wire.transport.isReading }
        #expect(wire.takeFrames() == ["{}␞"])
        #expect(wire.transport.format == .binary)
        #expect(wire.transport.hubClose == nil)
        await wire.pass(seconds: 15)
        #expect(wire.takeFrames() == ["\u{02}\u{FFFD}\u{06}"])
    }

    @Test func protocolThatIsSwitchedOffIsNotSupported() async throws {
        var options = HubOptions()
        options.supportedProtocols = ["json"]
        let wire = try await Wire.open(Hub().mounted(options: options))
        try await wire.send("{\"protocol\":\"messagepack\",\"version\":1}␞")
        #expect(wire.takeFrames() == ["{\"error\":\"The protocol 'messagepack' is not supported.\"}␞"])
        #expect(wire.transport.hubClose == .normal)
    }

    @Test func messagePackIsRefusedWhereTheTransportCarriesText() async throws {
        let wire = try await Wire.open(Hub().mounted(), over: .serverSentEvents)
        try await wire.send("{\"protocol\":\"messagepack\",\"version\":1}␞")
        let error =
            "Cannot use the 'messagepack' protocol on the current transport. "
            + "The transport does not support 'Binary' transfer format."
        #expect(wire.takeFrames() == ["{\"error\":\"\(error)\"}␞"])
        #expect(wire.transport.format == .text)
        #expect(wire.transport.hubClose == .normal)
    }

    @Test(arguments: [
        ("{\"protocol\":\"xml\",\"version\":1}␞", "The protocol 'xml' is not supported."),
        ("{\"protocol\":\"json\",\"version\":9}␞", "The server does not support version 9 of the 'json' protocol."),
        ("{\"protocol\":\"json\"}␞", "An unexpected error occurred during connection handshake."),
        ("[]␞", "An unexpected error occurred during connection handshake."),
        (String(repeating: " ", count: 40_000), "Handshake was canceled."),
    ])
    func refusedHandshakeSaysWhyAndEnds(handshake: String, error: String) async throws {
        let wire = try await Wire.open(Hub().mounted())
        try await wire.send(handshake)
        #expect(wire.takeFrames() == ["{\"error\":\"\(error)\"}␞"])
        #expect(wire.transport.hubClose == .normal)
    }

    @Test func detailsAreToldWhereTheOptionsSaySo() async throws {
        var options = HubOptions()
        options.enableDetailedErrors = true
        let wire = try await Wire.open(Hub().mounted(options: options))
        try await wire.send("{\"protocol\":\"json\"}␞")
        let expected =
            "{\"error\":\"An unexpected error occurred during connection handshake. "
            + "HubProtocolError: The handshake needs 'protocol' and 'version'.\"}␞"
        #expect(wire.takeFrames() == [expected])
    }

    @Test func silentClientIsRefusedAfterTheTimeout() async throws {
        let wire = try await Wire.open(Hub().mounted())
        await wire.pass(seconds: 15)
        #expect(wire.takeFrames().isEmpty)
        await wire.pass(seconds: 2)
        #expect(wire.takeFrames() == ["{\"error\":\"Handshake was canceled.\"}␞"])
        #expect(wire.transport.hubClose == .normal)
    }

    @Test func handshakeMayComeByteByByte() async throws {
        let hub = Hub()
        hub.on("Echo") { (_, text: String) in text }
        let wire = try await Wire.open(hub.mounted())
        let text =
            "{\"protocol\":\"json\",\"version\":1}\u{1E}"
            + "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[\"häß\"]}\u{1E}"
        for byte in text.utf8 { try await wire.send(ByteBuffer(bytes: [byte])) }
        #expect(try await wire.messages(2) == ["{}", "{\"type\":3,\"invocationId\":\"1\",\"result\":\"häß\"}"])
    }

    @Test func messagesBehindTheHandshakeWaitForOnConnected() async throws {
        let gate = Gate()
        let hub = Hub()
        hub.onConnected { _ in await gate.arrive() }
        hub.on("Echo") { (_, text: String) in text }
        let wire = try await Wire.open(hub.mounted())
        try await wire.send(
            "{\"protocol\":\"json\",\"version\":1}␞{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[\"a\"]}␞"
        )
        try await wire.eventually { !gate.arrivals.isEmpty }
        #expect(wire.takeFrames() == ["{}␞"])
        #expect(!wire.transport.isReading)
        gate.open()
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"result\":\"a\"}"])
        #expect(wire.transport.isReading)
    }
}
