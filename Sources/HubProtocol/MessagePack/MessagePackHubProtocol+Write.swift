package import NIOCore

/// What a completion carries; the numbers are those on the wire.
enum CompletionKind: Int64 {
    case error = 1
    case void = 2
    case result = 3
}

extension CompletionKind {
    init?(_ number: Int) { self.init(rawValue: Int64(number)) }
}

extension MessagePackHubProtocol {
    /// Appends one whole message behind its length.
    package static func write(_ message: HubMessage, into buffer: inout ByteBuffer) {
        writeFramed(into: &buffer) { writer in
            switch message {
            case .invocation(let invocation):
                writer.begin(.invocation, elements: 6, headers: invocation.headers)
                writer.invocation(invocation)
            case .streamInvocation(let invocation):
                writer.begin(.streamInvocation, elements: 6, headers: invocation.headers)
                writer.invocation(invocation)
            case .streamItem(let item):
                writer.begin(.streamItem, elements: 4)
                writer.string(item.invocationID)
                writer.raw(item.item)
            case .completion(let completion):
                writer.completion(completion)
            case .cancelInvocation(let id):
                writer.begin(.cancelInvocation, elements: 3)
                writer.string(id)
            case .ping:
                writer.beginArray(1)
                writer.type(.ping)
            case .close(let close):
                writer.close(close)
            case .ack(let sequenceID):
                writer.beginArray(2)
                writer.type(.ack)
                writer.integer(sequenceID)
            case .sequence(let sequenceID):
                writer.beginArray(2)
                writer.type(.sequence)
                writer.integer(sequenceID)
            case .unknown(let type):
                writer.beginArray(1)
                writer.integer(Int64(type))
            }
        }
    }

    /// Appends a fire-and-forget or answered invocation.
    /// - Parameter arguments: writes so many values as `argumentCount` says.
    package static func writeInvocation<Failure: Error>(
        invocationID: String? = nil,
        target: String,
        argumentCount: Int,
        into buffer: inout ByteBuffer,
        arguments: (inout MessagePackWriter) throws(Failure) -> Void
    ) throws(Failure) {
        try writeFramed(into: &buffer) { writer throws(Failure) in
            writer.beginInvocation(invocationID: invocationID, target: target, argumentCount: argumentCount)
            try arguments(&writer)
            writer.endInvocation()
        }
    }

    /// Appends a stream item that `item` writes, exactly one value.
    package static func writeStreamItem<Failure: Error>(
        invocationID: String, into buffer: inout ByteBuffer, item: (inout MessagePackWriter) throws(Failure) -> Void
    ) throws(Failure) {
        try writeFramed(into: &buffer) { writer throws(Failure) in
            writer.begin(.streamItem, elements: 4)
            writer.string(invocationID)
            try item(&writer)
        }
    }

    /// Appends a completion whose result `result` writes, exactly one value.
    package static func writeCompletion<Failure: Error>(
        invocationID: String, into buffer: inout ByteBuffer, result: (inout MessagePackWriter) throws(Failure) -> Void
    ) throws(Failure) {
        try writeFramed(into: &buffer) { writer throws(Failure) in
            writer.beginCompletion(invocationID, .result)
            try result(&writer)
        }
    }

    /// Appends what `body` writes, behind its length.
    static func writeFramed<Failure: Error>(
        into buffer: inout ByteBuffer, _ body: (inout MessagePackWriter) throws(Failure) -> Void
    ) throws(Failure) {
        let start = buffer.writerIndex
        try MessagePackWriter.append(to: &buffer) { writer throws(Failure) in
            writer.reserveLength()
            try body(&writer)
        }
        buffer.setMessageLength(at: start)
    }
}

extension MessagePackWriter {
    /// A byte in front of the message for its length, which is known at its end: most messages need no more.
    fileprivate mutating func reserveLength() { integer(0 as UInt64) }

    fileprivate mutating func type(_ type: HubMessageType) { integer(Int64(type.rawValue)) }

    fileprivate mutating func begin(_ type: HubMessageType, elements: Int, headers: [String: String] = [:]) {
        beginArray(elements)
        self.type(type)
        beginMap(headers.count)
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            string(name)
            string(value)
        }
    }

    mutating func beginInvocation(invocationID: String? = nil, target: String, argumentCount: Int) {
        begin(.invocation, elements: 6)
        invocationIDAndTarget(invocationID, target)
        beginArray(argumentCount)
    }

    /// Writes the empty list of streams, the last element.
    mutating func endInvocation() { beginArray(0) }

    private mutating func invocationIDAndTarget(_ invocationID: String?, _ target: String) {
        if let invocationID { string(invocationID) } else { null() }
        string(target)
    }

    fileprivate mutating func invocation(_ message: InvocationMessage) {
        invocationIDAndTarget(message.invocationID, message.target)
        beginArray(message.arguments.count)
        for argument in message.arguments { raw(argument) }
        beginArray(message.streamIDs.count)
        for id in message.streamIDs { string(id) }
    }

    fileprivate mutating func beginCompletion(_ invocationID: String, _ kind: CompletionKind) {
        begin(.completion, elements: kind == .void ? 4 : 5)
        string(invocationID)
        integer(kind.rawValue)
    }

    /// A method that returns nothing has the result nil, as in ASP.NET; the end of a stream has none.
    fileprivate mutating func completion(_ message: CompletionMessage) {
        switch message.outcome {
        case .void:
            beginCompletion(message.invocationID, .result)
            null()
        case .result(let result):
            beginCompletion(message.invocationID, .result)
            raw(result)
        case .error(let error):
            beginCompletion(message.invocationID, .error)
            string(error)
        case .streamEnd:
            beginCompletion(message.invocationID, .void)
        }
    }

    fileprivate mutating func close(_ message: CloseMessage) {
        beginArray(message.allowReconnect ? 3 : 2)
        type(.close)
        if let error = message.error { string(error) } else { null() }
        if message.allowReconnect { bool(true) }
    }
}

extension ByteBuffer {
    /// Writes the length of what lies behind the byte at `start` in front of it, which moves a longer message on.
    fileprivate mutating func setMessageLength(at start: Int) {
        let length = writerIndex - start - 1
        let size = max(1, (Int.bitWidth - length.leadingZeroBitCount + 6) / 7)
        if size > 1 {
            writeRepeatingByte(0, count: size - 1)
            let offset = start - readerIndex
            withUnsafeMutableReadableBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: bytes[(offset + size)...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[(offset + 1)...].prefix(length)))
            }
        }
        var rest = length
        for index in 0..<size {
            setInteger(UInt8(rest & 0x7F) | (index == size - 1 ? 0 : 0x80), at: start + index)
            rest >>= 7
        }
    }
}
