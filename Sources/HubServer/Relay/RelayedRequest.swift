import HubBackplane
import NIOCore

/// A request that its edge has sent on, until it is answered.
struct RelayedRequest: Sendable {
    /// The most bytes of a body that travel in one message.
    static let pieceSize = 64 * 1024

    let connection: String
    let exchange: any EdgeExchange
    /// The edge's end of what the request opens.
    let peer: (any SessionPeer)?
    let beganAt = ContinuousClock.now
    var machine: RelayRequest.StateMachine
    var home: NodeID?
    private let request: HomeRequest
    private let identity: HubIdentity

    init(
        _ request: HomeRequest, of connection: String, identity: HubIdentity, from exchange: any EdgeExchange,
        at edge: RelayEdge
    ) {
        self.connection = connection
        self.exchange = exchange
        self.request = request
        self.identity = identity
        var kind = RelayRequest.StateMachine.Kind.other
        var peer: (any SessionPeer)?
        switch request {
        case .send(let bytes): kind = .send(pieces: Self.pieces(of: bytes))
        case .poll: kind = .poll(timeout: edge.pollTimeout)
        case .serverSentEvents(_, let edge), .webSocket(let edge): peer = edge
        case .room, .terminate: break
        }
        self.peer = peer
        machine = RelayRequest.StateMachine(kind, times: edge.times)
    }

    var kind: HomeRequest.Kind { request.kind }

    /// How long it has been here.
    var age: Duration { ContinuousClock.now - beganAt }

    /// The request as it travels.
    ///
    /// - Parameters:
    ///   - piece: Which piece of it.
    ///   - now: The backplane's time.
    func message(piece: Int, now: Int64) -> RelayRequest {
        let body: RelayRequest.Body =
            switch request {
            case .send(let bytes):
                .send(
                    piece: UInt16(clamping: piece), of: UInt16(clamping: Self.pieces(of: bytes)),
                    Self.piece(piece, of: bytes))
            case .room: .room
            case .poll(let request): .poll(request)
            case .serverSentEvents(let request, _): .serverSentEvents(request)
            case .webSocket: .webSocket
            case .terminate: .terminate
            }
        return RelayRequest(
            identity: identity, deadline: now + (machine.deadline - age).milliseconds, body: body)
    }

    private static func pieces(of bytes: ByteBuffer) -> Int {
        max(1, (bytes.readableBytes + pieceSize - 1) / pieceSize)
    }

    private static func piece(_ piece: Int, of bytes: ByteBuffer) -> ByteBuffer {
        let start = piece * pieceSize
        let count = min(pieceSize, bytes.readableBytes - start)
        return bytes.getSlice(at: bytes.readerIndex + start, length: count) ?? ByteBuffer()
    }
}

/// A session whose edge is here.
struct RelayedSession: Sendable {
    let connection: String
    let home: NodeID
    /// The end here.
    let peer: any SessionPeer
    /// The end there.
    let remote: RelayPeer
    var receiver = RelayReceiver()
}
