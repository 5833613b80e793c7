import FoundationEssentials
import HubProtocol
import NIOCore
import Testing

@testable import HubServer

private enum Colour: String, Codable { case red }
private enum Level: Int, Codable { case high = 3 }

private class Animal: Codable {
    var name = "Rex"
}

private final class Dog: Animal {
    var legs = 4

    private enum CodingKeys: CodingKey { case legs }

    override init() { super.init() }

    required init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        legs = try container.decode(Int.self, forKey: .legs)
        try super.init(from: try container.superDecoder())
    }

    override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(legs, forKey: .legs)
        try super.encode(to: container.superEncoder())
    }
}

/// Uses every kind of nested container, two of them at the same time.
private struct Nested: Codable, Equatable {
    private enum CodingKeys: CodingKey { case list, table }
    var numbers = [1, 2]
    var words = ["a", "b"]

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        var list = try container.nestedUnkeyedContainer(forKey: .list)
        let table = try container.nestedContainer(keyedBy: CodingKeys.self, forKey: .table)
        numbers = [try list.decode(Int.self), try list.decode(Int.self)]
        #expect(try list.decodeNil())
        #expect(list.isAtEnd)
        #expect(throws: DecodingError.self) { try list.decode(Int.self) }
        words = try table.decode([String].self, forKey: .list)
        #expect(try table.decodeNil(forKey: .table))
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        var list = container.nestedUnkeyedContainer(forKey: .list)
        var table = container.nestedContainer(keyedBy: CodingKeys.self, forKey: .table)
        try list.encode(numbers[0])
        try table.encode(words, forKey: .list)
        try list.encode(numbers[1])
        try list.encodeNil()
        try table.encodeNil(forKey: .table)
    }
}

private struct Everything: Codable, Equatable {
    var text = "ü\"\n"
    var flag = true
    var small: Int8 = -5
    var large = UInt64.max
    var ratio = 1.5
    var narrow: Float = 0.1
    var list = [1, 2, 300]
    var table = ["a": [true]]
    var nothing: Int?
    var something: Int? = 7
    var colour = Colour.red
    var level = Level.high
    var data = Data([1, 2, 3])
    var date = Date(timeIntervalSince1970: 1_700_000_000.25)
    var uuid = UUID(uuidString: "00010203-0405-0607-0809-0A0B0C0D0E0F")
    var url = URL(string: "https://example.com/ü?a=b")
    var price = Decimal(string: "12.50")
    var nested = Nested()
}

private struct Empty: Codable, Equatable {}

@Suite struct HubValueTests {
    private func json(_ value: some Encodable) throws -> String {
        String(buffer: try HubEncoding.json.bytes(of: try HubValue(encoding: value)))
    }

    private func messagePack(_ value: some Encodable) throws -> [UInt8] {
        Array(try HubEncoding.messagePack.bytes(of: try HubValue(encoding: value)).readableBytesView)
    }

    private func read<Value: Codable>(_ value: Value, _ encoding: HubEncoding) throws -> Value {
        try ReceivedValue(try encoding.bytes(of: HubValue(encoding: value)), encoding).decode(as: Value.self)
    }

    @Test(arguments: HubEncoding.allCases)
    func whatIsWrittenIsRead(encoding: HubEncoding) throws {
        #expect(try read(Everything(), encoding) == Everything())
        #expect(try read([Everything(), Everything()], encoding).count == 2)
        #expect(try read(Empty(), encoding) == Empty())
        #expect(try read([String: Int](), encoding) == [:])
        #expect(try read([1: "one", -2: "two"], encoding) == [1: "one", -2: "two"])
        #expect(try read(Int?.none, encoding) == nil)
        #expect(try read([1, nil, 3], encoding) == [1, nil, 3])
        #expect(try read("text", encoding) == "text")
        let dog = try read(Dog(), encoding)
        #expect(dog.legs == 4)
        #expect(dog.name == "Rex")
    }

    @Test func jsonIsWhatClientsOfASPNETExpect() throws {
        #expect(try json(Nested()) == #"{"list":[1,2,null],"table":{"list":["a","b"],"table":null}}"#)
        #expect(try json(Dog()) == #"{"legs":4,"super":{"name":"Rex"}}"#)
        #expect(try json([1.5, 3, -0.25, 1e20]) == "[1.5,3,-0.25,1e+20]")
        #expect(try json(0.1 as Float) == "0.1")
        #expect(try json(Data([1, 2, 3])) == "\"AQID\"")
        #expect(try json(URL(string: "https://example.com/a/b")) == #""https://example.com/a/b""#)
        #expect(try json(Decimal(string: "12.5")) == "12.5")
        #expect(
            try json(UUID(uuidString: "ABCDEF01-0000-0000-0000-00000000000F"))
                == #""abcdef01-0000-0000-0000-00000000000f""#)
        #expect(try json(Date(timeIntervalSince1970: 1_017_656_415)) == #""2002-04-01T10:20:15Z""#)
        #expect(try json(Date(timeIntervalSince1970: 1_017_656_415.123)) == #""2002-04-01T10:20:15.123Z""#)
    }

    @Test func messagePackIsWhatClientsOfASPNETExpect() throws {
        #expect(try messagePack(["Name": 1]) == [0x81, 0xA4, 0x4E, 0x61, 0x6D, 0x65, 0x01])
        #expect(try messagePack(Data([1, 2, 3])) == [0xC4, 3, 1, 2, 3])
        #expect(try messagePack([UInt8(1), 200]) == [0x92, 1, 0xCC, 200])
        #expect(try messagePack(Decimal(string: "12.5")) == [0xA4] + Array("12.5".utf8))
        #expect(try messagePack(Colour.red) == [0xA3] + Array("red".utf8))
        #expect(try messagePack(0.5 as Float) == [0xCA, 0x3F, 0, 0, 0])
        #expect(try messagePack(3.0) == [0xCB, 0x40, 8, 0, 0, 0, 0, 0, 0])
        let uuid = "abcdef01-0000-0000-0000-00000000000f"
        #expect(try messagePack(UUID(uuidString: uuid)) == [0xD9, 36] + Array(uuid.utf8))
        #expect(try messagePack(Date(timeIntervalSince1970: 946_684_800)) == [0xD6, 0xFF, 0x38, 0x6D, 0x43, 0x80])
        #expect(
            try messagePack(Date(timeIntervalSince1970: 1.5)) == [0xD7, 0xFF, 0x77, 0x35, 0x94, 0, 0, 0, 0, 1])
        #expect(
            try messagePack(Date(timeIntervalSince1970: -0.5))
                == [0xC7, 12, 0xFF, 0x1D, 0xCD, 0x65, 0x00] + Array(repeating: 0xFF, count: 8))
        #expect(try messagePack(Date.distantFuture).count == 15)
        #expect(try messagePack(Date(timeIntervalSince1970: .infinity)).count == 15)
    }

    @Test(arguments: [
        "\"2002-04-01T10:20:15Z\"", "\"2002-04-01T10:20:15.000Z\"", "\"2002-04-01T10:20:15.0000001Z\"",
        "\"2002-04-01T12:20:15+02:00\"",
    ])
    func datesOfAllClientsAreRead(text: String) throws {
        let date = try ReceivedValue(ByteBuffer(string: text), .json).decode(as: Date.self)
        #expect(abs(date.timeIntervalSince1970 - 1_017_656_415) < 0.001)
    }

    @Test func numbersAreReadInWhicheverFormTheyCome() throws {
        func read<Value: Decodable>(_ bytes: [UInt8], as type: Value.Type) throws -> Value {
            try ReceivedValue(ByteBuffer(bytes: bytes), .messagePack).decode(as: type)
        }
        // JavaScript sends whole numbers beyond 2^53 as floating point.
        #expect(try read([0xCB, 0x43, 0x50, 0, 0, 0, 0, 0, 0], as: Int.self) == 1 << 54)
        #expect(try read([0x03], as: Double.self) == 3)
        #expect(try read([0xCA, 0x3F, 0, 0, 0], as: Double.self) == 0.5)
        #expect(try read([0xC4, 2, 7, 200], as: [UInt8].self) == [7, 200])
        #expect(
            try read([0x82, 0x01, 0xA1, 0x61, 0xA1, 0x32, 0xA1, 0x62], as: [Int: String].self) == [1: "a", 2: "b"])
        #expect(throws: DecodingError.self) { try read([0xCB, 0x3F, 0xE0, 0, 0, 0, 0, 0, 0], as: Int.self) }
        #expect(throws: DecodingError.self) { try read([0xCC, 200], as: Int8.self) }
        #expect(throws: DecodingError.self) { try read([0xC0], as: Int.self) }
        #expect(throws: DecodingError.self) { try read([0xA1, 0x31], as: Int.self) }
        #expect(throws: DecodingError.self) { try read([0x90], as: [String: Int].self) }
        #expect(throws: DecodingError.self) { try read([0x80], as: [Int].self) }
        #expect(throws: DecodingError.self) { try read([0x80], as: Everything.self) }
        #expect(throws: DecodingError.self) { try read([0xA3, 0x61, 0x62, 0x63], as: Data.self) }
        #expect(throws: DecodingError.self) { try read([0xA3, 0x61, 0x62, 0x63], as: UUID.self) }
    }

    @Test func whatJSONHasNoNumberForIsRefusedThere() throws {
        for value in [HubValue.double(.nan), .double(.infinity), .float(.nan), .array([.double(.nan)])] {
            #expect(throws: EncodingError.self) { try HubEncoding.json.bytes(of: value) }
            #expect(try HubEncoding.messagePack.bytes(of: value).readableBytes > 4)
        }
    }

    @Test func endlessNestingIsRefused() {
        final class Endless: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.unkeyedContainer()
                try container.encode(self)
            }
        }
        #expect(throws: EncodingError.self) { try HubValue(encoding: Endless()) }
    }

    @Test func messagePackIsMadeFromJSONOnlyWhereThatTellsAll() throws {
        let exact: [HubValue] = [
            .null, .bool(true), .integer(-1), .unsigned(.max), .double(1.5), .double(1e-7), .string("ü"),
            .array([.string("a"), .null]), .object([("a", .object([("b", .double(0.1))]))]),
        ]
        for value in exact {
            #expect(value.isExactInJSON)
            let message = try SharedMessage(target: "t", [value])
            #expect(message.messagePack == nil)
            var made = ByteBuffer()
            try MessagePackHubProtocol.write(transcoding: message.json, into: &made)
            #expect(made == (try HubEncoding.messagePack.invocation(of: "t", [value])))
        }
        let inexact: [HubValue] = [
            .double(3), .double(1e20), .float(0.1), .decimal(1), .data(Data([1])), .date(Date()),
            .array([.null, .data(Data())]), .object([("a", .date(Date()))]),
        ]
        for value in inexact {
            #expect(!value.isExactInJSON)
            let message = try SharedMessage(target: "t", [.null, value])
            #expect(message.messagePack == (try HubEncoding.messagePack.invocation(of: "t", [.null, value])))
        }
    }
}
