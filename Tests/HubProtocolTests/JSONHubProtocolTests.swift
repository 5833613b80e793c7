import HubProtocol
import HubTesting
import NIOCore
import Testing

@Suite struct JSONHubProtocolTests {
    @Test(arguments: Samples.messages)
    func writesExactlyTheseBytes(message: HubMessage, text: String) {
        #expect(json(message) == text + "\u{1E}")
    }

    @Test(arguments: Samples.messages)
    func parsesWhatItWrites(message: HubMessage, text: String) throws {
        #expect(try parse(text) == message)
    }

    @Test func appendsBehindWhatTheBufferHolds() {
        var buffer = ByteBuffer()
        JSONHubProtocol.write(.ping, into: &buffer)
        JSONHubProtocol.write(.cancelInvocation(id: "1"), into: &buffer)
        #expect(String(buffer: buffer) == "{\"type\":6}\u{1E}{\"type\":5,\"invocationId\":\"1\"}\u{1E}")
    }

    @Test func answersAVoidMethodWithANullResultAndEndsAStreamWithNone() {
        let void = HubMessage.completion(CompletionMessage(invocationID: "1", outcome: .void))
        let streamEnd = HubMessage.completion(CompletionMessage(invocationID: "1", outcome: .streamEnd))
        #expect(json(void) == "{\"type\":3,\"invocationId\":\"1\",\"result\":null}\u{1E}")
        #expect(json(streamEnd) == "{\"type\":3,\"invocationId\":\"1\"}\u{1E}")
    }

    @Test func readsACompletionWithoutAResultAsVoid() throws {
        let completion = HubMessage.completion(CompletionMessage(invocationID: "1", outcome: .void))
        #expect(try parse(#"{"type":3,"invocationId":"1"}"#) == completion)
        #expect(try parse(#"{"type":3,"invocationId":"1","error":null}"#) == completion)
    }

    @Test func readsPropertiesInAnyOrder() throws {
        let properties = [
            #""type":1"#, #""invocationId":"4""#, #""target":"Join""#, #""arguments":["lobby",3]"#,
            #""streamIds":["s"]"#, #""headers":{"h":"v"}"#,
        ]
        let expected = HubMessage.invocation(
            InvocationMessage(
                invocationID: "4", target: "Join", arguments: [Samples.raw(#""lobby""#), Samples.raw("3")],
                streamIDs: ["s"], headers: ["h": "v"]))
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<100 {
            let text = "{" + properties.shuffled(using: &generator).joined(separator: ",") + "}"
            #expect(try parse(text) == expected, "\(text)")
        }
    }

    @Test(arguments: [
        (#"{"type":6,"private":{"a":[1,{"b":null}]},"x":"\u0000"}"#, HubMessage.ping),
        (" \t\r\n{ \"type\" : 6 } \n", .ping),
        (#"{"\u0074ype":6}"#, .ping),
        (#"{"type":1,"type":6}"#, .ping),
        (#"{"type":99,"target":5,"invocationId":[],"arguments":null}"#, .unknown(type: 99)),
        (#"{"type":-1}"#, .unknown(type: -1)),
        (#"{"type":0}"#, .unknown(type: 0)),
        (
            #"{"type":1,"target":"A","target":"B","arguments":[1],"arguments":[2]}"#,
            .invocation(InvocationMessage(target: "B", arguments: [ByteBuffer(string: "2")]))
        ),
        (
            #"{"type":1,"invocationId":"","target":"A","arguments":[ 1 , [ ] ]}"#,
            .invocation(
                InvocationMessage(target: "A", arguments: [ByteBuffer(string: "1"), ByteBuffer(string: "[ ]")]))
        ),
        (
            #"{"type":1,"invocationId":null,"target":"A","arguments":[],"streamIds":null,"headers":null}"#,
            .invocation(InvocationMessage(target: "A"))
        ),
        (#"{"type":7,"error":null,"allowReconnect":null}"#, .close(CloseMessage())),
        (#"{"type":7,"allowReconnect":false}"#, .close(CloseMessage())),
    ])
    func isLenientWhereClientsNeedIt(text: String, expected: HubMessage) throws {
        #expect(try parse(text) == expected)
    }

    @Test(arguments: [
        (#"{}"#, HubProtocolError.Code.missingProperty),
        (#"{"type":null}"#, .missingProperty),
        (#"{"Type":6}"#, .missingProperty),
        (#"{"type":"6"}"#, .invalidProperty),
        (#"{"type":6.0}"#, .invalidProperty),
        (#"{"type":6e0}"#, .invalidProperty),
        (#"{"type":99999999999999999999}"#, .invalidProperty),
        (#"{"type":true}"#, .invalidProperty),
        (#"{"type":1,"arguments":[]}"#, .missingProperty),
        (#"{"type":1,"target":null,"arguments":[]}"#, .missingProperty),
        (#"{"type":1,"target":"","arguments":[]}"#, .invalidProperty),
        (#"{"type":1,"target":7,"arguments":[]}"#, .invalidProperty),
        (#"{"type":1,"target":"A"}"#, .missingProperty),
        (#"{"type":1,"target":"A","arguments":null}"#, .missingProperty),
        (#"{"type":1,"target":"A","arguments":{}}"#, .invalidProperty),
        (#"{"type":1,"target":"A","arguments":[],"invocationId":4}"#, .invalidProperty),
        (#"{"type":1,"target":"A","arguments":[],"streamIds":"8"}"#, .invalidProperty),
        (#"{"type":1,"target":"A","arguments":[],"streamIds":[8]}"#, .invalidProperty),
        (#"{"type":1,"target":"A","arguments":[],"headers":[]}"#, .invalidProperty),
        (#"{"type":1,"target":"A","arguments":[],"headers":{"a":1}}"#, .invalidProperty),
        (#"{"type":4,"target":"A","arguments":[]}"#, .missingProperty),
        (#"{"type":4,"invocationId":"","target":"A","arguments":[]}"#, .missingProperty),
        (#"{"type":2,"invocationId":"1"}"#, .missingProperty),
        (#"{"type":2,"item":1}"#, .missingProperty),
        (#"{"type":2,"invocationId":null,"item":1}"#, .missingProperty),
        (#"{"type":3}"#, .missingProperty),
        (#"{"type":3,"invocationId":"1","result":1,"error":"x"}"#, .conflictingProperties),
        (#"{"type":3,"invocationId":"1","result":null,"error":"x"}"#, .conflictingProperties),
        (#"{"type":3,"invocationId":"1","error":{}}"#, .invalidProperty),
        (#"{"type":5}"#, .missingProperty),
        (#"{"type":7,"error":1}"#, .invalidProperty),
        (#"{"type":7,"allowReconnect":"true"}"#, .invalidProperty),
        (#"{"type":8}"#, .missingProperty),
        (#"{"type":8,"sequenceId":"1"}"#, .invalidProperty),
        (#"{"type":9,"sequenceId":null}"#, .missingProperty),
        (#"{"type":9,"sequenceId":1.5}"#, .invalidProperty),
    ])
    func refusesMessagesWithWrongProperties(text: String, code: HubProtocolError.Code) {
        let error = #expect(throws: HubProtocolError.self) { try parse(text) }
        #expect(error?.code == code)
    }

    @Test func errorsRepeatNothingThatTheClientSent() {
        for text in [#"{"type":1,"target":{"secret":1},"arguments":[]}"#, #"{"secret"}"#, #"{"type":"secret"}"#] {
            let error = #expect(throws: HubProtocolError.self) { try parse(text) }
            #expect(error?.description.contains("secret") == false)
            #expect(error?.message.isEmpty == false)
        }
    }
}
