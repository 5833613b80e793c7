import HubBackplane
import HubProtocol
import NIOCore

private let magic = UInt8(ascii: "H")
private let version: UInt8 = 1

private enum Kind: UInt8 {
    case message = 1
    case command = 2
    case acknowledgement = 3
    case clientInvocation = 4
    case clientInvocationTaken = 5
    case clientAnswer = 6
}

// MARK: Writing

extension Envelope {
    func bytes() -> ByteBuffer {
        var bytes = ByteBuffer()
        switch body {
        case .message(let message, let excluded):
            bytes.reserveCapacity(128 + message.json.readableBytes + (message.messagePack?.readableBytes ?? 0))
            writeHead(.message, into: &bytes)
            bytes.writeInteger(UInt32(clamping: excluded.count))
            for id in excluded { bytes.writeCounted(id) }
            bytes.write(message)
        case .command(let number, let command):
            writeHead(.command, into: &bytes)
            bytes.writeInteger(number)
            command.write(into: &bytes)
        case .acknowledgement(let number, let outcome):
            writeHead(.acknowledgement, into: &bytes)
            bytes.writeInteger(number)
            bytes.writeInteger(outcome.rawValue)
        case .clientInvocation(let number, let message, let timeout):
            writeHead(.clientInvocation, into: &bytes)
            bytes.writeInteger(number)
            bytes.writeInteger(timeout.milliseconds)
            bytes.write(message)
        case .clientInvocationTaken(let number):
            writeHead(.clientInvocationTaken, into: &bytes)
            bytes.writeInteger(number)
        case .clientAnswer(let number, let answer):
            writeHead(.clientAnswer, into: &bytes)
            bytes.writeInteger(number)
            answer.write(into: &bytes)
        }
        return bytes
    }

    private func writeHead(_ kind: Kind, into bytes: inout ByteBuffer) {
        bytes.writeInteger(magic)
        bytes.writeInteger(version)
        bytes.writeInteger(kind.rawValue)
        bytes.writeCounted(sender.rawValue)
        bytes.writeCounted(hub)
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ message: SharedMessage) {
        writeInteger(message.messagePack == nil ? 1 : 2 as UInt8)
        write(message.json, as: .json)
        if let messagePack = message.messagePack { write(messagePack, as: .messagePack) }
    }

    private mutating func write(_ message: ByteBuffer, as encoding: HubEncoding) {
        writeInteger(encoding.rawValue)
        writeInteger(UInt32(clamping: message.readableBytes))
        writeImmutableBuffer(message)
    }
}

// MARK: Reading

extension Envelope {
    /// Nil for what is not an envelope, or one this version does not know.
    init?(_ bytes: ByteBuffer) {
        var bytes = bytes
        guard bytes.readInteger(as: UInt8.self) == magic, bytes.readInteger(as: UInt8.self) == version,
            let kind = bytes.readInteger(as: UInt8.self).flatMap(Kind.init(rawValue:)),
            let sender = bytes.readCountedString(), let hub = bytes.readCountedString(),
            let body = Self.body(kind, &bytes)
        else { return nil }
        self.init(sender: NodeID(sender), hub: hub, body: body)
    }

    private static func body(_ kind: Kind, _ bytes: inout ByteBuffer) -> Body? {
        switch kind {
        case .message:
            guard let excluded = excludedIDs(&bytes), let message = message(&bytes) else { return nil }
            return .message(message, except: excluded)
        case .command:
            guard let number = bytes.readInteger(as: UInt64.self), let command = ConnectionCommand(&bytes) else {
                return nil
            }
            return .command(number: number, command)
        case .acknowledgement:
            guard let number = bytes.readInteger(as: UInt64.self),
                let outcome = bytes.readInteger(as: UInt8.self).flatMap(CommandOutcome.init(rawValue:))
            else { return nil }
            return .acknowledgement(number: number, outcome)
        case .clientInvocation:
            guard let number = bytes.readInteger(as: UInt64.self), let milliseconds = bytes.readInteger(as: Int64.self),
                let message = message(&bytes)
            else { return nil }
            return .clientInvocation(number: number, message, timeout: .milliseconds(milliseconds))
        case .clientInvocationTaken:
            return bytes.readInteger(as: UInt64.self).map { .clientInvocationTaken(number: $0) }
        case .clientAnswer:
            guard let number = bytes.readInteger(as: UInt64.self), let answer = ClientAnswer(&bytes) else { return nil }
            return .clientAnswer(number: number, answer)
        }
    }

    private static func excludedIDs(_ bytes: inout ByteBuffer) -> [String]? {
        guard let count = bytes.readInteger(as: UInt32.self) else { return nil }
        var ids: [String] = []
        for _ in 0..<count {
            guard let id = bytes.readCountedString() else { return nil }
            ids.append(id)
        }
        return ids
    }

    private static func message(_ bytes: inout ByteBuffer) -> SharedMessage? {
        guard let count = bytes.readInteger(as: UInt8.self) else { return nil }
        var json: ByteBuffer?
        var messagePack: ByteBuffer?
        for _ in 0..<count {
            guard let encoding = bytes.readInteger(as: UInt8.self), let length = bytes.readInteger(as: UInt32.self),
                let message = bytes.readSlice(length: Int(length))
            else { return nil }
            switch HubEncoding(rawValue: encoding) {
            case .json: json = message
            case .messagePack: messagePack = message
            case nil: break
            }
        }
        return json.map { SharedMessage(json: $0, messagePack: messagePack) }
    }
}
