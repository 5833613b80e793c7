import HubTesting
import HubTransports
import HubTransportsTesting
import NIOCore
import NIOWebSocket
import Testing

@Suite struct WebSocketReaderTests {
    private func read(_ pieces: [ByteBuffer]) -> [WebSocketReader.Event] { WebSocketReader.events(of: pieces) }

    private func read(_ frames: ClientFrame...) -> [WebSocketReader.Event] {
        read(frames.map(\.buffer))
    }

    private func text(_ text: String) -> WebSocketReader.Event {
        .data(ByteBuffer(string: text), isText: true, endsMessage: true)
    }

    @Test func readsMessagesOfEveryLengthForm() {
        for length in [0, 1, 125, 126, 65535, 65536, 70000] {
            let payload = [UInt8](repeating: 0x61, count: length)
            #expect(
                read(ClientFrame(opcode: 2, payload: payload))
                    == [.data(ByteBuffer(bytes: payload), isText: false, endsMessage: true)])
        }
    }

    @Test func joinsFragmentsAndLetsControlFramesPassBetweenThem() {
        let events = read(
            .text("Hel", isFinal: false), ClientFrame(opcode: 9, payload: [1, 2]),
            ClientFrame(opcode: 0, payload: Array("lo".utf8), isFinal: false), ClientFrame(opcode: 10),
            ClientFrame(opcode: 0))
        #expect(events == [.ping(ByteBuffer(bytes: [1, 2])), .pong, text("Hello")])
    }

    @Test(arguments: 0..<200) func readsTheSameHoweverTheBytesAreCut(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var bytes: [UInt8] = []
        for _ in 0..<8 {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                bytes +=
                    ClientFrame(
                        opcode: 9, payload: [UInt8](repeating: 7, count: .random(in: 0...125, using: &generator))
                    )
                    .bytes
            case 1: bytes += ClientFrame.text("zwölf Boxkämpfer 🥊 jagen").bytes
            case 2:
                bytes += ClientFrame(opcode: 2, payload: (0..<300).map { UInt8($0 & 0xFF) }, isFinal: false).bytes
                bytes += ClientFrame(opcode: 0, payload: [1, 2, 3]).bytes
            default:
                bytes += ClientFrame(opcode: 2, payload: (0..<999).map { UInt8($0 & 0xFF) }, mask: [0, 0, 0, 0]).bytes
            }
        }
        bytes += ClientFrame.close(1000).bytes
        let whole = read([ByteBuffer(bytes: bytes)])

        var pieces: [ByteBuffer] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, .random(in: 1...60, using: &generator))
            pieces.append(ByteBuffer(bytes: rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(read(pieces) == whole)
        #expect(whole.last == .close(.normalClosure))
        #expect(read(bytes.map { ByteBuffer(bytes: [$0]) }) == whole)
    }

    @Test func doesNotChangeBytesThatSomebodyElseHolds() {
        let buffer = ClientFrame.text("shared").buffer
        #expect(read([buffer]) == [text("shared")])
        #expect(read([buffer]) == [text("shared")])
    }

    @Test func handsOnTheBeginningOfAFrameThatIsNotThereYet() {
        var reader = WebSocketReader()
        var frame = ClientFrame(opcode: 2, payload: [1, 2, 3])
        frame.announcedLength = 1 << 40
        reader.receive(frame.buffer)
        #expect(reader.next() == .data(ByteBuffer(bytes: [1, 2, 3]), isText: false, endsMessage: false))
        #expect(reader.next() == nil)
    }

    static let violations: [(String, [ClientFrame])] = [
        ("an unmasked frame", [ClientFrame(opcode: 1, mask: nil)]),
        ("a reserved bit", [ClientFrame(opcode: 1, reservedBits: 4)]),
        ("another reserved bit", [ClientFrame(opcode: 9, reservedBits: 1)]),
        ("a reserved opcode", [ClientFrame(opcode: 3)]),
        ("a reserved control opcode", [ClientFrame(opcode: 11)]),
        ("a fragmented ping", [ClientFrame(opcode: 9, isFinal: false)]),
        ("a ping of 126 bytes", [ClientFrame(opcode: 9, payload: [UInt8](repeating: 0, count: 126))]),
        ("a continuation of nothing", [ClientFrame(opcode: 0)]),
        ("a message within a message", [.text("a", isFinal: false), .text("b")]),
        ("a length with its highest bit set", [ClientFrame(opcode: 2, announcedLength: 1 << 63)]),
        ("a close frame of one byte", [ClientFrame(opcode: 8, payload: [3])]),
    ]

    @Test(arguments: violations) func refuses(what: String, frames: [ClientFrame]) {
        #expect(read(frames.map(\.buffer)).last == .violation(.protocolError), "\(what)")
    }

    @Test func readsNothingAfterAViolation() {
        #expect(read(ClientFrame(opcode: 3), .text("later")) == [.violation(.protocolError)])
    }

    @Test(arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1014, 3000, 3999, 4000, 4999] as [UInt16])
    func takesCloseCode(code: UInt16) {
        #expect(read(.close(code)) == [.close(WebSocketErrorCode(codeNumber: Int(code)))])
    }

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] as [UInt16])
    func refusesCloseCode(code: UInt16) {
        #expect(read(.close(code)) == [.violation(.protocolError)])
    }

    @Test func takesACloseFrameWithoutACodeAndOneWithAReason() {
        #expect(read(.close(nil)) == [.close(nil)])
        #expect(read(.close(1000, reason: Array("auf Wiedersehen, schön".utf8))) == [.close(.normalClosure)])
        #expect(read(.close(1000, reason: [0xC3])) == [.violation(.dataInconsistentWithMessage)])
    }

    static let brokenText: [[UInt8]] = [
        [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0x61, 0xE2, 0x82], [0xF0, 0x9F, 0xA5, 0x28],
    ]

    @Test(arguments: brokenText) func refusesTextThatIsNotUTF8(bytes: [UInt8]) {
        #expect(read(ClientFrame(opcode: 1, payload: bytes)) == [.violation(.dataInconsistentWithMessage)])
        #expect(read(ClientFrame(opcode: 2, payload: bytes)).count == 1, "binary messages may hold anything")
    }

    @Test func refusesBrokenTextAsSoonAsItIsSeen() {
        var reader = WebSocketReader()
        var frame = ClientFrame(opcode: 1, payload: [0x61, 0xF4, 0x90])
        frame.announcedLength = 1000
        reader.receive(frame.buffer)
        #expect(reader.next() == .violation(.dataInconsistentWithMessage))
    }

    @Test func takesACharacterThatIsCutByAFragment() {
        let boxer = Array("🥊".utf8)
        let events = read(
            ClientFrame(opcode: 1, payload: Array(boxer.prefix(2)), isFinal: false),
            ClientFrame(opcode: 0, payload: Array(boxer.dropFirst(2))))
        #expect(events == [text("🥊")])
    }

    @Test func judgesTextAsTheStandardLibraryDoes() {
        var generator = SeededGenerator(seed: 7)
        let alphabet: [UInt8] = [
            0x24, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF4,
        ]
        var valid = 0
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            valid += isValid ? 1 : 0
            let events = read(ClientFrame(opcode: 1, payload: bytes))
            #expect((events != [.violation(.dataInconsistentWithMessage)]) == isValid, "\(bytes)")
        }
        #expect(valid > 100)
    }
}
