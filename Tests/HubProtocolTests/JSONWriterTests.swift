import HubProtocol
import HubTesting
import NIOCore
import Testing

@Suite struct JSONWriterTests {
    struct Refusal: Error {}

    @Test func writesAllKindsOfValues() {
        var buffer = ByteBuffer(string: ">")
        JSONWriter.append(to: &buffer) { writer in
            writer.beginArray()
            for number in [0, 7, 10, -1, 1_234_567_890, .max, .min] { writer.integer(number) }
            writer.integer(UInt64.max)
            writer.integer(10_000_000_000_000_000_000 as UInt64)
            writer.number(0.1)
            writer.number(0.1 as Float)
            writer.number(-3.0)
            writer.number(1e20)
            writer.number(Double.infinity)
            writer.bool(true)
            writer.bool(false)
            writer.null()
            writer.raw(ByteBuffer(string: "[1]"))
            writer.string("s")
            writer.beginObject()
            writer.key("a")
            writer.beginArray()
            writer.endArray()
            writer.key(escaping: "b\"")
            writer.beginObject()
            writer.endObject()
            writer.endObject()
            writer.beginArray()
            writer.null()
            writer.endArray()
            writer.endArray()
        }
        #expect(
            String(buffer: buffer)
                == ">[0,7,10,-1,1234567890,9223372036854775807,-9223372036854775808,18446744073709551615,"
                + "10000000000000000000,0.1,0.1,-3,1e+20,null,true,false,null,[1],\"s\",{\"a\":[],\"b\\\"\":{}},[null]]"
        )
    }

    @Test func integersAreWrittenAsSwiftWritesThem() {
        var generator = SeededGenerator(seed: 4)
        for bits in 0..<64 {
            let value = Int.random(in: 0...(.max >> bits), using: &generator)
            for value in [value, -value] {
                var buffer = ByteBuffer()
                JSONWriter.append(to: &buffer) { $0.integer(value) }
                #expect(String(buffer: buffer) == value.description)
            }
        }
    }

    @Test func leavesTheBufferAsItWasWhenAnArgumentFails() {
        var buffer = ByteBuffer(string: "before")
        #expect(throws: Refusal.self) {
            try JSONHubProtocol.writeInvocation(target: "A", into: &buffer) { writer throws(Refusal) in
                writer.integer(1)
                throw Refusal()
            }
        }
        JSONHubProtocol.write(.ping, into: &buffer)
        #expect(String(buffer: buffer) == "before{\"type\":6}\u{1E}")
    }

    @Test func writesMessagesWithoutBuildingThem() {
        var buffer = ByteBuffer()
        JSONHubProtocol.writeInvocation(target: "go", into: &buffer) { writer in
            writer.string("a")
            writer.integer(1)
        }
        JSONHubProtocol.writeInvocation(invocationID: "s1", target: "none", into: &buffer) { _ in }
        JSONHubProtocol.writeStreamItem(invocationID: "2", into: &buffer) { $0.string("x") }
        JSONHubProtocol.writeCompletion(invocationID: "3", into: &buffer) { $0.bool(true) }
        #expect(
            String(buffer: buffer)
                == #"{"type":1,"target":"go","arguments":["a",1]}"# + "\u{1E}"
                + #"{"type":1,"invocationId":"s1","target":"none","arguments":[]}"# + "\u{1E}"
                + #"{"type":2,"invocationId":"2","item":"x"}"# + "\u{1E}"
                + #"{"type":3,"invocationId":"3","result":true}"# + "\u{1E}")
    }

    @Test func writesIntoTheRoomThatTheBufferHas() {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(4096)
        let capacity = buffer.capacity
        let storage = buffer.withVeryUnsafeBytes { $0.baseAddress }
        for id in 0..<20 { JSONHubProtocol.write(.cancelInvocation(id: "\(id)"), into: &buffer) }
        #expect(buffer.capacity == capacity)
        #expect(buffer.withVeryUnsafeBytes { $0.baseAddress } == storage)
    }
}
