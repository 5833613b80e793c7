/// The bytes of responses, in the shapes that real servers send.
extension FakeModelServer.Step {
    /// The head of a stream that ends with the connection.
    static let streamHead = send(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n")
    /// The head of a stream in chunks, see ``chunk(_:)`` and ``lastChunk``.
    static let chunkedHead = send(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    static let lastChunk = send("0\r\n\r\n")
    static let done = send("data: [DONE]\n\n")

    static func chunk(_ text: String) -> Self {
        send("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
    }

    static func event(_ json: String) -> Self {
        send("data: \(json)\n\n")
    }

    static func text(_ text: String) -> Self {
        event(textFrame(text))
    }

    static func finish(_ reason: String) -> Self {
        event(finishFrame(reason))
    }

    static func textFrame(_ text: String) -> String {
        #"{"id":"c1","choices":[{"index":0,"delta":{"content":"\#(text)"},"finish_reason":null}],"usage":null}"#
    }

    static func finishFrame(_ reason: String) -> String {
        #"{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"\#(reason)"}],"usage":null}"#
    }

    /// A whole response with a body of known length.
    static func response(_ status: String, headers: [String] = [], type: String = "application/json", _ body: String)
        -> Self
    {
        let lines = ["HTTP/1.1 \(status)", "content-type: \(type)", "content-length: \(body.utf8.count)"] + headers
        return send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    static func failure(_ status: String, headers: [String] = [], code: String = "x") -> Self {
        response(status, headers: headers, #"{"error":{"code":"\#(code)","message":"secret upstream words"}}"#)
    }
}

extension [FakeModelServer.Step] {
    /// A complete reply in Azure's default mode.
    static let azureReply: [FakeModelServer.Step] = [
        .streamHead,
        .event(
            #"{"id":"","object":"","created":0,"model":"","prompt_filter_results":[{"prompt_index":0}],"choices":[],"usage":null}"#
        ),
        .event(
            #"{"id":"c1","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}]}"#
        ),
        .text("Bl"), .text("ue."), .finish("stop"),
        .event(#"{"id":"c1","choices":[],"usage":{"prompt_tokens":21,"completion_tokens":2,"total_tokens":23}}"#),
        .done, .close,
    ]
}
