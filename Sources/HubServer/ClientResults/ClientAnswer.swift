import HubProtocol
import NIOCore

/// What became of an invocation that the hub has sent to one client and wants an answer to.
enum ClientAnswer: Sendable, Equatable {
    /// The client's result, null where it has sent none.
    case result(ReceivedValue)
    /// The client's words.
    case error(String)
    /// No living node holds the connection.
    case notFound
    /// The connection, or the node that holds it, has gone meanwhile.
    case disconnected
    /// The time is over, or whoever asked is not interested any more.
    case canceled
    /// The client has as many invocations to answer as it may have.
    case tooMany
    /// Other nodes cannot be asked.
    case unavailable
}

// MARK: Between nodes

extension ClientAnswer {
    private enum Kind: UInt8 {
        case result = 1
        case error = 2
        case notFound = 3
        case disconnected = 4
        case canceled = 5
        case tooMany = 6
        case unavailable = 7
    }

    private var kind: Kind {
        switch self {
        case .result: .result
        case .error: .error
        case .notFound: .notFound
        case .disconnected: .disconnected
        case .canceled: .canceled
        case .tooMany: .tooMany
        case .unavailable: .unavailable
        }
    }

    func write(into bytes: inout ByteBuffer) {
        bytes.writeInteger(kind.rawValue)
        switch self {
        case .result(let value):
            bytes.writeInteger(value.encoding.rawValue)
            bytes.writeInteger(UInt32(clamping: value.bytes.readableBytes))
            bytes.writeImmutableBuffer(value.bytes)
        case .error(let text):
            bytes.writeCounted(text)
        case .notFound, .disconnected, .canceled, .tooMany, .unavailable:
            break
        }
    }

    /// Reads what ``write(into:)`` has written; nil if it is not all there.
    init?(_ bytes: inout ByteBuffer) {
        switch bytes.readInteger(as: UInt8.self).flatMap(Kind.init(rawValue:)) {
        case .result:
            guard let encoding = bytes.readInteger(as: UInt8.self).flatMap(HubEncoding.init(rawValue:)),
                let length = bytes.readInteger(as: UInt32.self), let value = bytes.readSlice(length: Int(length))
            else { return nil }
            self = .result(ReceivedValue(value, encoding))
        case .error:
            guard let text = bytes.readCountedString() else { return nil }
            self = .error(text)
        case .notFound: self = .notFound
        case .disconnected: self = .disconnected
        case .canceled: self = .canceled
        case .tooMany: self = .tooMany
        case .unavailable: self = .unavailable
        case nil: return nil
        }
    }
}
