import HubProtocol
import NIOCore
import Testing

@Suite struct HandshakeTests {
    func parse(_ text: String) throws -> HandshakeRequest {
        try HandshakeRequest.parse(ByteBuffer(string: text))
    }

    @Test(arguments: [
        (#"{"protocol":"json","version":1}"#, "json", 1),
        (#"{"version":2,"extra":{"a":[1]},"protocol":"messagepack"}"#, "messagepack", 2),
        (#" { "protocol" : "JSON" , "version" : 9 } "#, "JSON", 9),
        (#"{"protocol":"x","version":-1}"#, "x", -1),
    ])
    func readsARequest(text: String, protocolName: String, version: Int) throws {
        #expect(try parse(text) == HandshakeRequest(protocolName: protocolName, version: version))
    }

    @Test(arguments: [
        ("{}", HubProtocolError.Code.missingProperty),
        (#"{"protocol":"json"}"#, .missingProperty),
        (#"{"version":1}"#, .missingProperty),
        (#"{"type":6}"#, .missingProperty),
        (#"{"protocol":null,"version":1}"#, .invalidProperty),
        (#"{"protocol":1,"version":1}"#, .invalidProperty),
        (#"{"protocol":"json","version":"1"}"#, .invalidProperty),
        (#"{"protocol":"json","version":1.5}"#, .invalidProperty),
        (#"{"protocol":"json","version":1"#, .malformedJSON),
        (#"{"protocol":"json","version":1}{}"#, .malformedJSON),
        ("GET / HTTP/1.1", .malformedJSON),
        ("", .malformedJSON),
    ])
    func refusesAnythingElse(text: String, code: HubProtocolError.Code) {
        let error = #expect(throws: HubProtocolError.self) { try parse(text) }
        #expect(error?.code == code)
    }

    @Test func writesBothResponses() {
        var buffer = ByteBuffer()
        HandshakeResponse.accepted.write(into: &buffer)
        #expect(String(buffer: buffer) == "{}\u{1E}")
        buffer.clear()
        HandshakeResponse.rejected(error: HubErrorText.unsupportedProtocol("a\"b")).write(into: &buffer)
        #expect(String(buffer: buffer) == #"{"error":"The protocol 'a\"b' is not supported."}"# + "\u{1E}")
    }

    @Test func clientsCompareTheseTexts() {
        #expect(
            HubErrorText.unsupportedProtocolVersion(9, of: "json")
                == "The server does not support version 9 of the 'json' protocol.")
        #expect(
            HubErrorText.unsupportedTransferFormat(.binary, of: "messagepack")
                == "Cannot use the 'messagepack' protocol on the current transport. "
                + "The transport does not support 'Binary' transfer format.")
        #expect(HubErrorText.handshakeCanceled == "Handshake was canceled.")
    }
}
