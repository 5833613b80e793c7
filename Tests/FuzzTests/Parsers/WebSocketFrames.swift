import NIOCore

@testable import HubTransports

/// A client's half of a WebSocket gives the same messages, and breaks the protocol in the same way, however it is cut.
func checkWebSocket(_ bytes: ByteBuffer) throws(Finding) {
    for event in try readHoweverCut(bytes, events) {
        guard case .data(let text, isText: true, endsMessage: true) = event else { continue }
        let isText = String(validating: text.readableBytesView, as: UTF8.self) != nil
        try require(isText, "a text message is UTF-8")
    }
}

/// Messages are put together: in how many pieces they come depends on how they are cut.
private func events(of pieces: [ByteBuffer]) -> [WebSocketReader.Event] {
    var reader = WebSocketReader()
    var events: [WebSocketReader.Event] = []
    var message = ByteBuffer()
    for piece in pieces {
        reader.receive(piece)
        while let event = reader.next() {
            guard case .data(let data, let isText, let endsMessage) = event else {
                events.append(event)
                continue
            }
            message.writeImmutableBuffer(data)
            guard endsMessage else { continue }
            events.append(.data(message, isText: isText, endsMessage: true))
            message = ByteBuffer()
        }
    }
    return events
}
