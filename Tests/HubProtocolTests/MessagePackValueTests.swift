import HubProtocol
import HubTesting
import NIOCore
import Testing

@Suite struct MessagePackValueTests {
    private func written(_ body: (inout MessagePackWriter) -> Void) -> [UInt8] {
        var buffer = ByteBuffer()
        MessagePackWriter.append(to: &buffer, body)
        return Array(buffer.readableBytesView)
    }

    private func value(_ bytes: [UInt8]) throws -> MessagePackValue {
        try MessagePackValue(validating: ByteBuffer(bytes: bytes))
    }

    private static let integers: [(Int64, [UInt8])] = [
        (0, [0x00]), (127, [0x7F]), (128, [0xCC, 0x80]), (255, [0xCC, 0xFF]), (256, [0xCD, 1, 0]),
        (65_535, [0xCD, 0xFF, 0xFF]), (65_536, [0xCE, 0, 1, 0, 0]), (4_294_967_296, [0xCF, 0, 0, 0, 1, 0, 0, 0, 0]),
        (-1, [0xFF]), (-32, [0xE0]), (-33, [0xD0, 0xDF]), (-128, [0xD0, 0x80]), (-129, [0xD1, 0xFF, 0x7F]),
        (-32_769, [0xD2, 0xFF, 0xFF, 0x7F, 0xFF]),
        (-2_147_483_649, [0xD3, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]),
    ]

    @Test(arguments: integers)
    func integersTakeAsFewBytesAsTheyNeed(number: Int64, bytes: [UInt8]) throws {
        #expect(written { $0.integer(number) } == bytes)
        #expect(try value(bytes).integer(as: Int64.self) == number)
        #expect(try value(bytes).number() == Double(number))
    }

    @Test func integersOutOfRangeAreNone() throws {
        #expect(try value([0xCF] + Array(repeating: 0xFF, count: 8)).integer(as: Int64.self) == nil)
        #expect(try value([0xCF] + Array(repeating: 0xFF, count: 8)).integer(as: UInt64.self) == .max)
        #expect(try value([0xFF]).integer(as: UInt8.self) == nil)
        #expect(try value([0xA1, 0x31]).integer(as: Int.self) == nil)
    }

    private static let timestamps: [(Int64, UInt32, [UInt8])] = [
        (1, 0, [0xD6, 0xFF, 0, 0, 0, 1]), (0xFFFF_FFFF, 0, [0xD6, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        (0x1_0000_0000, 0, [0xD7, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0]), (0, 1, [0xD7, 0xFF, 0, 0, 0, 4, 0, 0, 0, 0]),
        (-1, 999_999_999, [0xC7, 12, 0xFF, 0x3B, 0x9A, 0xC9, 0xFF] + Array(repeating: 0xFF, count: 8)),
        (1 << 34, 0, [0xC7, 12, 0xFF, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]),
    ]

    @Test(arguments: timestamps)
    func timestampsHaveThreeForms(seconds: Int64, nanoseconds: UInt32, bytes: [UInt8]) throws {
        #expect(written { $0.timestamp(seconds: seconds, nanoseconds: nanoseconds) } == bytes)
        let read = try value(bytes).timestamp()
        #expect(read?.seconds == seconds)
        #expect(read?.nanoseconds == nanoseconds)
    }

    @Test func whatIsNoTimestampIsNone() throws {
        #expect(try value([0xD6, 0x01, 0, 0, 0, 1]).timestamp() == nil)
        #expect(try value([0xD4, 0xFF, 0]).timestamp() == nil)
        #expect(try value([0xD7, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]).timestamp() == nil)
        #expect(try value([0x01]).timestamp() == nil)
    }

    @Test(arguments: [0, 1, 31, 32, 255, 256, 65_535, 65_536])
    func stringsAndBytesOfAllSizes(size: Int) throws {
        let text = String(repeating: "x", count: size)
        let string = written { $0.string(text) }
        #expect(string.count == size + (size < 32 ? 1 : size < 256 ? 2 : size < 65_536 ? 3 : 5))
        #expect(try value(string).string() == text)
        #expect(try value(string).binary() == nil)
        let binary = written { $0.binary(ByteBuffer(string: text)) }
        #expect(binary.count == size + (size < 256 ? 2 : size < 65_536 ? 3 : 5))
        #expect(try value(binary).binary() == ByteBuffer(string: text))
        #expect(try value(binary).string() == nil)
    }

    @Test(arguments: [0, 1, 15, 16, 65_535, 65_536])
    func arraysAndMapsOfAllSizes(count: Int) throws {
        let array = written { writer in
            writer.beginArray(count)
            for _ in 0..<count { writer.bool(true) }
        }
        #expect(array.count == count + (count < 16 ? 1 : count < 65_536 ? 3 : 5))
        #expect(try value(array).elements()?.count == count)
        #expect(try value(array).members() == nil)
        let map = written { writer in
            writer.beginMap(count)
            for number in 0..<count {
                writer.integer(Int64(number))
                writer.null()
            }
        }
        let members = try #require(try value(map).members())
        #expect(members.count == count)
        #expect(members.last?.key.integer(as: Int.self) == (count == 0 ? nil : count - 1))
        #expect(members.allSatisfy { $0.value.isNull })
    }

    @Test func brokenTextIsRepaired() throws {
        #expect(try value([0xA3, 0x61, 0xFF, 0x62]).string() == "a\u{FFFD}b")
    }

    @Test func numbersOfBothWidthsAreRead() throws {
        #expect(written { $0.number(0.5 as Float) } == [0xCA, 0x3F, 0, 0, 0])
        #expect(written { $0.number(0.5) } == [0xCB, 0x3F, 0xE0, 0, 0, 0, 0, 0, 0])
        #expect(try value([0xCA, 0x3F, 0, 0, 0]).number() == 0.5)
        #expect(try value([0xC3]).number() == nil)
        #expect(try value([0xC3]).bool() == true)
        #expect(try value([0xC2]).bool() == false)
        #expect(try value([0x00]).bool() == nil)
    }
}
