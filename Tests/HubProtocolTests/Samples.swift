import HubProtocol
import NIOCore

/// Messages with their exact JSON text, valid in both directions: parsing one gives the other.
enum Samples {
    static let messages: [(HubMessage, String)] = [
        (
            .invocation(InvocationMessage(invocationID: "4", target: "Join", arguments: [raw(#""lobby""#), raw("3")])),
            #"{"type":1,"invocationId":"4","target":"Join","arguments":["lobby",3]}"#
        ),
        (
            .invocation(InvocationMessage(target: "Notify")),
            #"{"type":1,"target":"Notify","arguments":[]}"#
        ),
        (
            .invocation(
                InvocationMessage(
                    invocationID: "9", target: "Upload", arguments: [raw(#"{"name":"a.bin","sizes":[1,2]}"#)],
                    streamIDs: ["8", "10"], headers: ["traceparent": "00-1", "a\"b": "ü"])),
            #"{"type":1,"headers":{"a\"b":"ü","traceparent":"00-1"},"invocationId":"9","target":"Upload","#
                + #""arguments":[{"name":"a.bin","sizes":[1,2]}],"streamIds":["8","10"]}"#
        ),
        (
            .streamInvocation(InvocationMessage(invocationID: "11", target: "Ticks", arguments: [raw("500")])),
            #"{"type":4,"invocationId":"11","target":"Ticks","arguments":[500]}"#
        ),
        (
            .streamItem(StreamItemMessage(invocationID: "8", item: raw(#""AAEC""#))),
            #"{"type":2,"invocationId":"8","item":"AAEC"}"#
        ),
        (
            .streamItem(StreamItemMessage(invocationID: "8", item: raw("null"))),
            #"{"type":2,"invocationId":"8","item":null}"#
        ),
        (
            .completion(CompletionMessage(invocationID: "4", outcome: .result(raw("-1.5e3")))),
            #"{"type":3,"invocationId":"4","result":-1.5e3}"#
        ),
        (
            .completion(CompletionMessage(invocationID: "4", outcome: .result(raw("null")))),
            #"{"type":3,"invocationId":"4","result":null}"#
        ),
        (
            .completion(CompletionMessage(invocationID: "8", outcome: .error("disk\nfull"))),
            #"{"type":3,"invocationId":"8","error":"disk\nfull"}"#
        ),
        (.cancelInvocation(id: "11"), #"{"type":5,"invocationId":"11"}"#),
        (.ping, #"{"type":6}"#),
        (.close(CloseMessage()), #"{"type":7}"#),
        (
            .close(CloseMessage(error: "Connection closed with an error.", allowReconnect: true)),
            #"{"type":7,"error":"Connection closed with an error.","allowReconnect":true}"#
        ),
        (.ack(sequenceID: 1394), #"{"type":8,"sequenceId":1394}"#),
        (.sequence(sequenceID: .max), #"{"type":9,"sequenceId":9223372036854775807}"#),
        (.sequence(sequenceID: .min), #"{"type":9,"sequenceId":-9223372036854775808}"#),
        (.unknown(type: 42), #"{"type":42}"#),
    ]

    static func raw(_ json: String) -> ByteBuffer {
        ByteBuffer(string: json)
    }
}

func json(_ message: HubMessage) -> String {
    var buffer = ByteBuffer()
    JSONHubProtocol.write(message, into: &buffer)
    return String(buffer: buffer)
}

func parse(_ json: String) throws -> HubMessage {
    try JSONHubProtocol.parse(ByteBuffer(string: json))
}
