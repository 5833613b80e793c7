import HubTransports
import HubTransportsTesting
import NIOCore

/// A client's half of a WebSocket gives the same messages, and breaks the protocol in the same way, however it is cut.
func checkWebSocket(_ bytes: ByteBuffer) throws(Finding) {
    for event in try readHoweverCut(bytes, WebSocketReader.events) {
        guard case .data(let text, isText: true, endsMessage: true) = event else { continue }
        let isText = String(validating: text.readableBytesView, as: UTF8.self) != nil
        try require(isText, "a text message is UTF-8")
    }
}
