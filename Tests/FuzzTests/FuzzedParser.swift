import NIOCore

/// What is fuzzed, by the name of its corpus. `check` throws a ``Finding`` where a property does not hold; what the parser
/// refuses is none.
///
/// `make fuzz` calls it with what libFuzzer makes up, the tests with what is in the corpus.
enum FuzzedParser: String, CaseIterable, Sendable {
    /// One record of the JSON hub protocol.
    case json
    /// One record of the MessagePack hub protocol.
    case messagePack
    /// A connection's first record.
    case handshake
    /// The query values of a negotiate request, one a line.
    case negotiate
    /// A client's bytes, as frames and bodies of `POST`s cut them; the first one says how.
    case records
    /// A client's frames of a WebSocket.
    case webSocket
    /// The target of a request.
    case target
    /// What a client writes before the addresses that proxies add.
    case forwarded
    /// What a client shows as a bearer token, and the JSON in one.
    case bearer
    /// What a client shows as a connection token, or what is in one.
    case connectionToken
    /// The body of a request to the management API.
    case managementBody
    /// Messages that are written as server-sent events.
    case eventStream
    /// The server-sent events of a model's server, or what it says instead.
    case modelStream
    /// What hubs of several nodes say to each other.
    case envelope
    /// What the nodes of a relayed request say to each other.
    case relay
    /// An entry of a chunk stream's log, or what nodes say about one.
    case entry
    /// A question in the queue, or what is written down of its reply.
    case ask
    /// What nodes are told of the logs that they follow.
    case feed

    func check(_ bytes: ByteBuffer) throws(Finding) {
        switch self {
        case .json: try checkJSON(bytes)
        case .messagePack: try checkMessagePack(bytes)
        case .handshake: try checkHandshake(bytes)
        case .negotiate: try checkNegotiation(bytes)
        case .records: try checkRecords(bytes)
        case .webSocket: try checkWebSocket(bytes)
        case .target: try checkTarget(bytes)
        case .forwarded: try checkForwarded(bytes)
        case .bearer: try checkBearer(bytes)
        case .connectionToken: try checkConnectionToken(bytes)
        case .managementBody: try checkManagementBody(bytes)
        case .eventStream: try checkEventStream(bytes)
        case .modelStream: try checkModelStream(bytes)
        case .envelope: try checkEnvelope(bytes)
        case .relay: try checkRelayMessage(bytes)
        case .entry: try checkEntry(bytes)
        case .ask: try checkAsk(bytes)
        case .feed: try checkFeed(bytes)
        }
    }
}

/// A property that did not hold.
struct Finding: Error, CustomStringConvertible {
    let description: String
}

func require(_ condition: Bool, _ property: @autoclosure () -> String) throws(Finding) {
    guard condition else { throw Finding(description: property()) }
}

func require<Value>(_ value: Value?, _ property: @autoclosure () -> String) throws(Finding) -> Value {
    guard let value else { throw Finding(description: property()) }
    return value
}
