package import HubTransports
package import NIOCore

extension WebSocketReader {
    /// All events of what a client sends, in these pieces. Messages are put together: in how many pieces they come depends on
    /// how the bytes are cut.
    package static func events(of pieces: [ByteBuffer]) -> [Event] {
        var reader = WebSocketReader()
        var events: [Event] = []
        var message = ByteBuffer()
        for piece in pieces {
            reader.receive(piece)
            while let event = reader.next() {
                guard case .data(let bytes, let isText, let endsMessage) = event else {
                    events.append(event)
                    continue
                }
                message.writeImmutableBuffer(bytes)
                guard endsMessage else { continue }
                events.append(.data(message, isText: isText, endsMessage: true))
                message = ByteBuffer()
            }
        }
        return events
    }
}
