import NIOCore

@testable import ChunkStreams
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
