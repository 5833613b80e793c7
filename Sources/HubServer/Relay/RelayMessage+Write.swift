import HubBackplane
import HubProtocol
import NIOCore

extension RelayMessage {
    static let magic = UInt8(ascii: "R")
    static let version: UInt8 = 1

    enum Kind: UInt8 {
        case request = 1
        case finished = 2
        case fromEdge = 3
        case received = 4
        case answer = 5
        case fromHome = 6
    }

    func bytes() -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(Self.magic, Self.version, kind.rawValue)
        switch self {
        case .request(let id, let request):
            bytes.write(id)
            bytes.writeInteger(request.deadline)
            bytes.write(request.identity, withClaims: request.body.takesClaims)
            bytes.write(request.body)
        case .finished(let id, let delivered):
            bytes.write(id)
            bytes.writeInteger(delivered ? 1 : 0, as: UInt8.self)
        case .fromEdge(let id, let count, let message):
            bytes.write(id)
            bytes.writeInteger(count)
            bytes.write(message)
        case .received(let number, let home, let pieces):
            bytes.writeInteger(number)
            bytes.writeCounted(home.rawValue)
            bytes.writeInteger(pieces)
        case .answer(let number, let home, let connection, let answer):
            bytes.writeInteger(number)
            bytes.writeCounted(home.rawValue)
            bytes.writeCounted(connection)
            bytes.write(answer)
        case .fromHome(let number, let connection, let count, let message):
            bytes.writeInteger(number)
            bytes.writeCounted(connection)
            bytes.writeInteger(count)
            bytes.write(message)
        }
        return bytes
    }

    private var kind: Kind {
        switch self {
        case .request: .request
        case .finished: .finished
        case .fromEdge: .fromEdge
        case .received: .received
        case .answer: .answer
        case .fromHome: .fromHome
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ id: RelayRequestID) {
        writeCounted(id.edge.rawValue)
        writeInteger(id.number)
    }

    fileprivate mutating func write(_ identity: HubIdentity, withClaims: Bool) {
        writeOptional(identity.userID)
        let claims = withClaims ? identity.user?.packed : nil
        writeInteger(claims == nil ? 0 : 1, as: UInt8.self)
        if let claims { writeCounted(claims) }
        writeInteger(identity.expiration == nil ? 0 : 1, as: UInt8.self)
        if let expiration = identity.expiration { writeInteger((expiration - .now).milliseconds) }
        writeInteger(identity.closesOnExpiration ? 1 : 0, as: UInt8.self)
    }

    fileprivate mutating func write(_ body: RelayRequest.Body) {
        switch body {
        case .send(let piece, let count, let bytes):
            writeMultipleIntegers(1 as UInt8, piece, count)
            writeCounted(bytes)
        case .poll(let request):
            writeMultipleIntegers(2 as UInt8, request == nil ? 0 : 1 as UInt8)
            if let request { write(request) }
        case .serverSentEvents(let request):
            writeInteger(3 as UInt8)
            write(request)
        case .terminate:
            writeInteger(4 as UInt8)
        case .webSocket:
            writeInteger(5 as UInt8)
        case .room:
            writeInteger(6 as UInt8)
        }
    }

    private mutating func write(_ request: ConnectionRequest) {
        writeCounted(request.path)
        writeCounted(request.transport.rawValue)
        writeOptional(request.remoteAddress)
        writeCounted(request.queryFields.packed)
        writeCounted(request.headerFields.packed)
    }

    fileprivate mutating func write(_ answer: RelayAnswer) {
        switch answer {
        case .accepted: writeInteger(1 as UInt8)
        case .poll(.connected): writeInteger(2 as UInt8)
        case .poll(.messages(let bytes)):
            writeInteger(3 as UInt8)
            writeCounted(bytes)
        case .poll(.timedOut): writeInteger(4 as UInt8)
        case .poll(.ended): writeInteger(5 as UInt8)
        case .opened: writeInteger(6 as UInt8)
        case .terminated: writeInteger(7 as UInt8)
        case .refused(let refusal): writeMultipleIntegers(8 as UInt8, refusal.rawValue)
        }
    }

    fileprivate mutating func write(_ message: SessionMessage) {
        switch message {
        case .data(let bytes):
            writeInteger(1 as UInt8)
            writeCounted(bytes)
        case .consumed(let count): writeMultipleIntegers(2 as UInt8, UInt32(clamping: count))
        case .close(let close): writeMultipleIntegers(3 as UInt8, close.rawValue)
        case .ended(let end): writeMultipleIntegers(4 as UInt8, end.rawValue)
        case .format(let format): writeMultipleIntegers(5 as UInt8, format == .text ? 1 : 2 as UInt8)
        }
    }

    fileprivate mutating func writeOptional(_ string: String?) {
        writeInteger(string == nil ? 0 : 1, as: UInt8.self)
        if let string { writeCounted(string) }
    }

    private mutating func writeCounted(_ bytes: ByteBuffer) {
        writeInteger(UInt32(clamping: bytes.readableBytes))
        writeImmutableBuffer(bytes)
    }
}

extension RelayRequest.Body {
    /// Whether the home has to know more of the client than which user it is.
    fileprivate var takesClaims: Bool {
        switch self {
        case .poll, .serverSentEvents, .webSocket: true
        case .send, .room, .terminate: false
        }
    }
}
