import Foundation
import NIOCore
import NIOHTTP1

@testable import ChatModels
@testable import HubTransports

/// What is written as events is what a reader that knows only the standard gets, line ends aside: those are LF for it.
func checkEventStream(_ bytes: ByteBuffer) throws(Finding) {
    let messages = pieces(of: bytes)
    var stream = ByteBuffer.eventStreamOpening
    for message in messages { stream.writeEvent(message) }
    let read = try readHoweverCut(stream) { events(of: $0) }
    try require(!read.isTooLarge, "no event is too large")
    try require(read.events == messages.map(withLineFeeds), "each message is the data of one event")
}

/// A model's server is read as the same however its bytes come, and says nothing after the end of a reply.
///
/// The first byte says how long an event may be.
func checkModelStream(_ bytes: ByteBuffer) throws(Finding) {
    var body = bytes
    guard let limit = body.readInteger(as: UInt8.self) else { return }
    let read = try readHoweverCut(body) { events(of: $0, limit: 16 * Int(limit)) }
    try checkReply(ChatCompletionStreamStateMachine(), read.events)
    try checkReply(ResponseStreamStateMachine(), read.events)
    // What the server says instead of a reply.
    _ = UpstreamError(body: body.readableBytesView)
    let headers = HTTPHeaders([("retry-after", String(buffer: body))])
    let hint = headers.retryHint(now: Date(timeIntervalSince1970: 0))
    try require(hint.map { $0 > .zero } ?? true, "a wait that is asked for is one")
}

private func checkReply(_ stream: some ReplyStream, _ events: [[UInt8]]) throws(Finding) {
    var stream = stream
    var (isOver, length) = (false, 0)
    for event in events {
        let action = stream.receive(event: event)
        try require(!isOver || action == .ignore, "nothing follows the end of a reply")
        switch action {
        case .deliver(let text):
            try require(text.readableBytes > 0, "text that is handed on is not empty")
            length += text.readableBytes
        case .retract(let retraction):
            try require((0...length).contains(retraction.keepBytes), "no more stays than was handed on")
        case .end, .fail: isOver = true
        case .ignore: break
        }
    }
    try require((stream.receiveEndOfBody() == .ignore) == isOver, "a reply ends once")
}

private struct Events: Equatable {
    var events: [[UInt8]] = []
    var isTooLarge = false
}

private func events(of pieces: [ByteBuffer], limit: Int = .max) -> Events {
    var parser = ServerSentEventParser(maximumEventSize: limit)
    var found = Events()
    for piece in pieces {
        parser.append(piece)
        do {
            while let event = try parser.next() { found.events.append(event) }
        } catch {
            found.isTooLarge = true
            return found
        }
    }
    if let event = parser.finish() { found.events.append(event) }
    return found
}

private func withLineFeeds(_ message: ByteBuffer) -> [UInt8] {
    var text: [UInt8] = []
    var previous: UInt8?
    for byte in message.readableBytesView {
        switch byte {
        case UInt8(ascii: "\r"): text.append(UInt8(ascii: "\n"))
        case UInt8(ascii: "\n") where previous == UInt8(ascii: "\r"): break
        default: text.append(byte)
        }
        previous = byte
    }
    return text
}
