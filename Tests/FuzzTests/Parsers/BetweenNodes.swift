import HubBackplane
import NIOConcurrencyHelpers
import NIOCore

@testable import ChatHub
@testable import ChunkStreams
@testable import HubBackplaneRedis
@testable import HubServer

func checkEnvelope(_ bytes: ByteBuffer) throws(Finding) {
    guard let envelope = Envelope(bytes) else { return }
    let again = try require(Envelope(envelope.bytes()), "a written envelope can be read")
    try require(again == envelope, "what is read from a written envelope is what was written")
}

func checkRelayMessage(_ bytes: ByteBuffer) throws(Finding) {
    guard let message = RelayMessage(bytes) else { return }
    let written = message.bytes()
    let again = try require(RelayMessage(written), "a written message can be read")
    // Written again later, a user is good for less time.
    if case .request(_, let request) = message, request.identity.expiration != nil { return }
    try require(again.bytes() == written, "what is read from a written message is what was written")
}

func checkEntry(_ bytes: ByteBuffer) throws(Finding) {
    if let message = NodeMessage(payload: bytes) {
        try require(
            NodeMessage(payload: message.payload) == message, "what nodes say about a stream is read as written")
    }
    if let message = FedStreamMessage(payload: bytes) {
        let written = message.payload
        let again = try require(FedStreamMessage(payload: written), "what a backend feeds can be read as written")
        try require(again.payload == written, "what a backend feeds is read as written")
    }
    guard let entry = StreamEntry(payload: bytes) else { return }
    let written = entry.payload
    let again = try require(StreamEntry(payload: written), "a written entry can be read")
    // Bytes that are no text are replaced by longer ones when they are read, so a field may have to be cut once.
    try require(again.payload == written, "what is read from a written entry is what was written")
}

/// An ask that waits in the queue, and what is written down of its reply.
func checkAsk(_ bytes: ByteBuffer) throws(Finding) {
    if let meta = ReplyMeta(payload: bytes) {
        try require(ReplyMeta(payload: meta.payload) == meta, "what is written of a reply is read as written")
    }
    guard let ask = Ask(payload: bytes) else { return }
    let written = ask.payload
    let again = try require(Ask(payload: written), "a written ask can be read")
    try require(again.payload == written, "what is read from a written ask is what was written")
}

/// What followers are told together comes apart as it was put together.
///
/// Of each entry the bytes say who follows it and how long it is.
func checkFeed(_ bytes: ByteBuffer) throws(Finding) {
    var rest = bytes
    var feed = FeedMessages()
    var told: [ChannelName: [ByteBuffer]] = [:]
    var sent: [ChannelName: [ByteBuffer]] = [:]
    var size = 0
    while size < 3 * FeedMessages.sizeLimit, let (tag, length) = rest.readMultipleIntegers(as: (UInt8, UInt16).self) {
        let follower = LogFollower(channel: ChannelName("\(tag % 2)"), tag: UInt64(tag))
        let payload = ByteBuffer(repeating: tag, count: Int(length))
        var fed = ByteBuffer(integer: follower.tag)
        fed.writeImmutableBuffer(payload)
        size += fed.readableBytes
        told[follower.channel, default: []].append(fed)
        if let message = feed.add(payload, for: follower) { sent[follower.channel, default: []].append(message) }
    }
    for (channel, message) in feed.takeAll() { sent[channel, default: []].append(message) }
    try require(sent.mapValues { $0.flatMap(split) } == told, "followers are told what was appended")
    // Whatever Redis may deliver.
    try require(split(bytes).reduce(0) { $0 + 4 + $1.readableBytes } <= bytes.readableBytes, "nothing is made up")
}

private func split(_ message: ByteBuffer) -> [ByteBuffer] {
    let payloads = NIOLockedValueBox<[ByteBuffer]>([])
    let receive = FeedMessages.splitting { event in
        if case .message(let payload) = event { payloads.withLockedValue { $0.append(payload) } }
    }
    receive(.message(message))
    return payloads.withLockedValue(\.self)
}
