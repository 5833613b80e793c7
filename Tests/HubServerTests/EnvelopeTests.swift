import HubBackplane
import HubProtocol
import NIOCore
import Testing

@testable import HubServer

struct EnvelopeTests {
    private func envelope(_ body: Envelope.Body) -> Envelope {
        Envelope(sender: NodeID("node"), hub: "/häb", body: body)
    }

    private var bodies: [Envelope.Body] {
        let answers: [ClientAnswer] = [
            .result(ReceivedValue(ByteBuffer(string: "[1]"), .json)),
            .result(ReceivedValue(ByteBuffer(bytes: [0x91, 1]), .messagePack)), .error("nö"), .notFound,
            .disconnected, .canceled, .tooMany, .unavailable,
        ]
        return answers.map { .clientAnswer(number: 7, $0) } + [
            .clientInvocation(
                number: 1, SharedMessage(json: ByteBuffer(string: "text"), messagePack: ByteBuffer(string: "more")),
                timeout: .milliseconds(1500)),
            .clientInvocationTaken(number: .max),
            .command(number: .max, .add(group: "röom")), .command(number: 1, .remove(group: "")),
            .command(
                number: 2,
                .authenticate(
                    ClaimsPrincipal(claims: [("sub", "ada"), ("roles", "a"), ("roles", "")]), milliseconds: 9)),
            .command(number: 3, .authenticate(ClaimsPrincipal(claims: []), milliseconds: nil)),
            .command(number: 4, .close(error: "öops", allowReconnect: false, except: ["a", ""])),
            .command(number: 5, .close(error: nil, allowReconnect: true, except: [])),
            .command(number: 6, .find(inGroup: nil)),
            .command(number: 7, .find(inGroup: "röom")), .command(number: 8, .removeFromAllGroups),
            .command(number: 9, .show(stream: "0123")),
            .acknowledgement(number: 42, .refused),
            .message(SharedMessage(json: ByteBuffer(string: "{\"type\":6}\u{1E}")), except: ["one", "two"]),
            .message(
                SharedMessage(json: ByteBuffer(string: "text"), messagePack: ByteBuffer(string: "more")), except: []),
            .message(SharedMessage(json: ByteBuffer(string: "")), except: []),
        ]
    }

    @Test func whatIsWrittenIsReadWhateverFollows() {
        for body in bodies {
            var bytes = envelope(body).bytes()
            #expect(Envelope(bytes) == envelope(body))
            bytes.writeString("fields of a later version")
            #expect(Envelope(bytes) == envelope(body))
        }
    }

    @Test func whatIsCutOrForeignIsRefused() {
        for body in bodies {
            let bytes = envelope(body).bytes()
            for length in 0..<bytes.readableBytes {
                #expect(Envelope(bytes.getSlice(at: 0, length: length) ?? ByteBuffer()) == nil)
            }
            var foreign = bytes
            foreign.setInteger(UInt8(ascii: "S"), at: 0)
            #expect(Envelope(foreign) == nil)
            var later = bytes
            later.setInteger(2 as UInt8, at: 1)
            #expect(Envelope(later) == nil)
        }
    }

    @Test func encodingsOfLaterVersionsAreSkipped() {
        var bytes = ByteBuffer(bytes: [UInt8(ascii: "H"), 1, 1])
        bytes.writeCounted("node")
        bytes.writeCounted("hub")
        bytes.writeInteger(0 as UInt32)
        bytes.writeInteger(2 as UInt8)
        for (encoding, text) in [(9 as UInt8, "later"), (1, "json")] {
            bytes.writeInteger(encoding)
            bytes.writeCounted(text)
        }
        #expect(Envelope(bytes)?.body == .message(SharedMessage(json: ByteBuffer(string: "json")), except: []))
    }
}
