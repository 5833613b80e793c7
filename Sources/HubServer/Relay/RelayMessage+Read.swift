import HubBackplane
import HubProtocol
import NIOCore

extension RelayMessage {
    /// Whether these bytes are the relay's, whatever they say.
    static func isOne(_ bytes: ByteBuffer) -> Bool { bytes.getInteger(at: bytes.readerIndex) == magic }

    /// Nil for what is not the relay's, or not of a version that this one knows.
    init?(_ bytes: ByteBuffer) {
        var bytes = bytes
        guard let (magic, version, kind) = bytes.readMultipleIntegers(as: (UInt8, UInt8, UInt8).self),
            magic == Self.magic, version == Self.version, let kind = Kind(rawValue: kind),
            let message = Self.read(kind, &bytes)
        else { return nil }
        self = message
    }

    private static func read(_ kind: Kind, _ bytes: inout ByteBuffer) -> RelayMessage? {
        switch kind {
        case .request: request(&bytes)
        case .finished: finished(&bytes)
        case .fromEdge: fromEdge(&bytes)
        case .received: received(&bytes)
        case .answer: answer(&bytes)
        case .fromHome: fromHome(&bytes)
        }
    }

    private static func request(_ bytes: inout ByteBuffer) -> RelayMessage? {
        guard let id = bytes.readRelayRequestID(), let deadline = bytes.readInteger(as: Int64.self),
            let identity = bytes.readIdentity(), let body = bytes.readRelayRequestBody(identity)
        else { return nil }
        return .request(id, RelayRequest(identity: identity, deadline: deadline, body: body))
    }

    private static func finished(_ bytes: inout ByteBuffer) -> RelayMessage? {
        guard let id = bytes.readRelayRequestID(), let delivered = bytes.readInteger(as: UInt8.self) else { return nil }
        return .finished(id, delivered: delivered == 1)
    }

    private static func fromEdge(_ bytes: inout ByteBuffer) -> RelayMessage? {
        guard let id = bytes.readRelayRequestID(), let count = bytes.readInteger(as: UInt32.self),
            let message = bytes.readSessionMessage()
        else { return nil }
        return .fromEdge(id, count: count, message)
    }

    private static func received(_ bytes: inout ByteBuffer) -> RelayMessage? {
        guard let number = bytes.readInteger(as: UInt64.self), let home = bytes.readCountedString(),
            let pieces = bytes.readInteger(as: UInt16.self)
        else { return nil }
        return .received(number, home: NodeID(home), pieces: pieces)
    }

    private static func answer(_ bytes: inout ByteBuffer) -> RelayMessage? {
        guard let number = bytes.readInteger(as: UInt64.self), let home = bytes.readCountedString(),
            let connection = bytes.readCountedString(), let answer = bytes.readRelayAnswer()
        else { return nil }
        return .answer(number, home: NodeID(home), connection: connection, answer)
    }

    private static func fromHome(_ bytes: inout ByteBuffer) -> RelayMessage? {
        guard let number = bytes.readInteger(as: UInt64.self), let connection = bytes.readCountedString(),
            let count = bytes.readInteger(as: UInt32.self), let message = bytes.readSessionMessage()
        else { return nil }
        return .fromHome(number, connection: connection, count: count, message)
    }
}

extension ByteBuffer {
    fileprivate mutating func readRelayRequestID() -> RelayRequestID? {
        guard let edge = readCountedString(), let number = readInteger(as: UInt64.self) else { return nil }
        return RelayRequestID(edge: NodeID(edge), number: number)
    }

    fileprivate mutating func readIdentity() -> HubIdentity? {
        guard let userID = readOptionalString(), let hasClaims = readInteger(as: UInt8.self) else { return nil }
        var user: ClaimsPrincipal?
        if hasClaims == 1 {
            guard let claims = readCountedBytes() else { return nil }
            user = ClaimsPrincipal(packed: claims)
        }
        guard let expires = readInteger(as: UInt8.self) else { return nil }
        var expiration: ContinuousClock.Instant?
        if expires == 1 {
            guard let milliseconds = readInteger(as: Int64.self) else { return nil }
            expiration = .now + .milliseconds(milliseconds)
        }
        guard let closes = readInteger(as: UInt8.self) else { return nil }
        return HubIdentity(user: user, userID: userID, expiration: expiration, closesOnExpiration: closes == 1)
    }

    fileprivate mutating func readRelayRequestBody(_ identity: HubIdentity) -> RelayRequest.Body? {
        switch readInteger(as: UInt8.self) {
        case 1:
            guard let (piece, count) = readMultipleIntegers(as: (UInt16, UInt16).self), piece < count,
                let bytes = readCountedBytes()
            else { return nil }
            return .send(piece: piece, of: count, bytes)
        case 2:
            guard let hasRequest = readInteger(as: UInt8.self) else { return nil }
            guard hasRequest == 1 else { return .poll(nil) }
            return readConnectionRequest(identity).map { .poll($0) }
        case 3: return readConnectionRequest(identity).map { .serverSentEvents($0) }
        case 4: return .terminate
        case 5: return .webSocket
        case 6: return .room
        default: return nil
        }
    }

    private mutating func readConnectionRequest(_ identity: HubIdentity) -> ConnectionRequest? {
        guard let path = readCountedString(), let name = readCountedString(),
            let transport = HubTransportType(rawValue: name), let address = readOptionalString(),
            let query = readCountedBytes(), let headers = readCountedBytes()
        else { return nil }
        return ConnectionRequest(
            path: path, query: PackedFields(packed: query), headers: PackedFields(packed: headers),
            identity: identity, transport: transport, remoteAddress: address)
    }

    fileprivate mutating func readRelayAnswer() -> RelayAnswer? {
        switch readInteger(as: UInt8.self) {
        case 1: .accepted
        case 2: .poll(.connected)
        case 3: readCountedBytes().map { .poll(.messages($0)) }
        case 4: .poll(.timedOut)
        case 5: .poll(.ended)
        case 6: .opened
        case 7: .terminated
        case 8: readInteger(as: UInt8.self).flatMap(HomeRefusal.init(rawValue:)).map { .refused($0) }
        default: nil
        }
    }

    fileprivate mutating func readSessionMessage() -> SessionMessage? {
        switch readInteger(as: UInt8.self) {
        case 1: readCountedBytes().map { .data($0) }
        case 2: readInteger(as: UInt32.self).map { .consumed(Int($0)) }
        case 3: readInteger(as: UInt8.self).flatMap(TransportClose.init(rawValue:)).map { .close($0) }
        case 4: readInteger(as: UInt8.self).flatMap(SessionEnd.init(rawValue:)).map { .ended($0) }
        case 5: readTransferFormat().map { .format($0) }
        default: nil
        }
    }

    private mutating func readTransferFormat() -> TransferFormat? {
        switch readInteger(as: UInt8.self) {
        case 1: .text
        case 2: .binary
        default: nil
        }
    }

    /// A string that may be absent; nil where it could not be read.
    fileprivate mutating func readOptionalString() -> String?? {
        switch readInteger(as: UInt8.self) {
        case 0: .some(nil)
        case 1: readCountedString().map { .some($0) }
        default: nil
        }
    }

    private mutating func readCountedBytes() -> ByteBuffer? {
        readInteger(as: UInt32.self).flatMap { readSlice(length: Int($0)) }
    }
}
