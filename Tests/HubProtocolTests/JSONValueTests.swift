import HubProtocol
import NIOCore
import Testing

@Suite struct JSONValueTests {
    func value(_ json: String) throws -> JSONValue {
        try JSONValue(validating: ByteBuffer(string: json))
    }

    @Test func decodesWhatIsThereAndNothingElse() throws {
        #expect(try value("null").isNull)
        #expect(try value(" true ").bool() == true)
        #expect(try value("false").bool() == false)
        #expect(try value("null").bool() == nil)
        #expect(try value("-12").integer() == -12)
        #expect(try value("300").integer(as: UInt8.self) == nil)
        #expect(try value("-1").integer(as: UInt8.self) == nil)
        #expect(try value("1.0").integer(as: Int.self) == nil)
        #expect(try value("\"1\"").integer(as: Int.self) == nil)
        #expect(try value("1.5e1").number() == 15)
        #expect(try value("\"1\"").number() == nil)
        #expect(try value("1").string() == nil)
        #expect(try value("[1, \"a\" ,[]]").elements()?.map(String.init(buffer:)) == ["1", "\"a\"", "[]"])
        #expect(try value("{}").elements() == nil)
        #expect(try value("{\"a\" : 1,\"a\":[2]}").members()?.map(\.key) == ["a", "a"])
        #expect(try value("[]").members() == nil)
    }

    @Test func refusesMoreThanOneValue() {
        for text in ["", "1 2", "{}x", "\"a"] {
            #expect(throws: HubProtocolError.self) { try value(text) }
        }
    }
}
