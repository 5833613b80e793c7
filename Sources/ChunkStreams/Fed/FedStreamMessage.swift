import HubBackplane
import NIOCore

/// What nodes say to each other about a stream that one of them produces for a backend, on the channel of the node that is
/// to hear it.
///
///     'F' (fed streams)  kind:u8  number:u64
///         [1 request: id:32 digits  asker:str8  what:u8  at:u64
///             [1 append: text] [2 end: an end of that many bytes, without hash] [3 look: nothing]]
///         [2 answer: what:u8  chunks:u64  bytes:u64  [5 ended: the end]]
///
/// The first byte tells these messages from others on the same channel.
enum FedStreamMessage: Equatable {
    case request(number: UInt64, FedStreamRequest, ChunkStreamID, asker: NodeID)
    case answer(number: UInt64, FedStreamAnswer)

    private static let first = UInt8(ascii: "F")

    private enum Kind: UInt8 {
        case request = 1
        case answer = 2
    }

    init?(payload: ByteBuffer) {
        var payload = payload
        guard payload.readInteger() == Self.first, let kind = payload.readInteger().flatMap(Kind.init(rawValue:)),
            let number: UInt64 = payload.readInteger()
        else { return nil }
        switch kind {
        case .request:
            guard let id = payload.readString(length: 32).flatMap({ ChunkStreamID($0) }),
                let asker = payload.readString8(), let request = FedStreamRequest(reading: &payload)
            else { return nil }
            self = .request(number: number, request, id, asker: NodeID(asker))
        case .answer:
            guard let answer = FedStreamAnswer(reading: &payload) else { return nil }
            self = .answer(number: number, answer)
        }
    }

    var payload: ByteBuffer {
        var buffer = ByteBuffer()
        switch self {
        case .request(let number, let request, let id, let asker):
            buffer.writeMultipleIntegers(Self.first, Kind.request.rawValue, number)
            buffer.writeString(id.rawValue)
            buffer.writeString8(asker.rawValue)
            request.write(to: &buffer)
        case .answer(let number, let answer):
            buffer.writeMultipleIntegers(Self.first, Kind.answer.rawValue, number)
            answer.write(to: &buffer)
        }
        return buffer
    }
}

extension FedStreamRequest {
    fileprivate init?(reading buffer: inout ByteBuffer) {
        guard let what: UInt8 = buffer.readInteger(), let place: UInt64 = buffer.readInteger() else { return nil }
        switch what {
        case 1:
            self = .append(buffer, at: place)
        case 2:
            guard let end = StreamEnd(reading: &buffer) else { return nil }
            self = .end(end.finish, usage: end.usage, at: place)
        case 3:
            self = .look
        default:
            return nil
        }
    }

    fileprivate func write(to buffer: inout ByteBuffer) {
        switch self {
        case .append(let text, let place):
            buffer.writeMultipleIntegers(1 as UInt8, place)
            buffer.writeImmutableBuffer(text)
        case .end(let finish, let usage, let place):
            buffer.writeMultipleIntegers(2 as UInt8, place)
            StreamEnd(finish: finish, chunks: 0, bytes: place, sha256: Array(repeating: 0, count: 32), usage: usage)
                .write(to: &buffer)
        case .look:
            buffer.writeMultipleIntegers(3 as UInt8, 0 as UInt64)
        }
    }
}

extension FedStreamAnswer {
    fileprivate init?(reading buffer: inout ByteBuffer) {
        guard let what: UInt8 = buffer.readInteger(), let chunks: UInt64 = buffer.readInteger(),
            let bytes: UInt64 = buffer.readInteger()
        else { return nil }
        let position = FedStreamPosition(chunks: chunks, bytes: bytes)
        switch what {
        case 1: self = .open(position)
        case 2: self = .elsewhere(position)
        case 3: self = .different(position)
        case 4: self = .tooLong(position)
        case 5:
            guard let end = StreamEnd(reading: &buffer) else { return nil }
            self = .ended(end)
        case 6: self = .notFed
        case 7: self = .unknown
        default: return nil
        }
    }

    fileprivate func write(to buffer: inout ByteBuffer) {
        let nowhere = FedStreamPosition(chunks: 0, bytes: 0)
        let (what, position): (UInt8, FedStreamPosition) =
            switch self {
            case .open(let position): (1, position)
            case .elsewhere(let position): (2, position)
            case .different(let position): (3, position)
            case .tooLong(let position): (4, position)
            case .ended: (5, nowhere)
            case .notFed: (6, nowhere)
            case .unknown: (7, nowhere)
            }
        buffer.writeMultipleIntegers(what, position.chunks, position.bytes)
        if case .ended(let end) = self { end.write(to: &buffer) }
    }
}
