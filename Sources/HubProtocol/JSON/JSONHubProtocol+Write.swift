package import NIOCore

extension JSONHubProtocol {
    /// Appends one whole record, its separator included. Properties come in the order in which ASP.NET writes them.
    package static func write(_ message: HubMessage, into buffer: inout ByteBuffer) {
        writeRecord(into: &buffer) { writer in
            switch message {
            case .invocation(let invocation):
                writer.type(.invocation)
                writer.invocation(invocation)
            case .streamInvocation(let invocation):
                writer.type(.streamInvocation)
                writer.invocation(invocation)
            case .streamItem(let item):
                writer.type(.streamItem)
                writer.invocationID(item.invocationID)
                writer.key("item")
                writer.raw(item.item)
            case .completion(let completion):
                writer.type(.completion)
                writer.invocationID(completion.invocationID)
                writer.outcome(completion.outcome)
            case .cancelInvocation(let id):
                writer.type(.cancelInvocation)
                writer.invocationID(id)
            case .ping:
                writer.type(.ping)
            case .close(let close):
                writer.type(.close)
                writer.close(close)
            case .ack(let sequenceID):
                writer.type(.ack)
                writer.sequenceID(sequenceID)
            case .sequence(let sequenceID):
                writer.type(.sequence)
                writer.sequenceID(sequenceID)
            case .unknown(let type):
                writer.key("type")
                writer.integer(type)
            }
        }
    }

    /// Appends a fire-and-forget or answered invocation whose arguments `arguments` writes, one value each.
    package static func writeInvocation<Failure: Error>(
        invocationID: String? = nil,
        target: String,
        into buffer: inout ByteBuffer,
        arguments: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        try writeRecord(into: &buffer) { writer throws(Failure) in
            writer.type(.invocation)
            if let invocationID { writer.invocationID(invocationID) }
            writer.target(target)
            writer.key("arguments")
            writer.beginArray()
            try arguments(&writer)
            writer.endArray()
        }
    }

    /// Appends a stream item that `item` writes, exactly one value.
    package static func writeStreamItem<Failure: Error>(
        invocationID: String, into buffer: inout ByteBuffer, item: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        try writeRecord(into: &buffer) { writer throws(Failure) in
            writer.type(.streamItem)
            writer.invocationID(invocationID)
            writer.key("item")
            try item(&writer)
        }
    }

    /// Appends a completion whose result `result` writes, exactly one value.
    package static func writeCompletion<Failure: Error>(
        invocationID: String, into buffer: inout ByteBuffer, result: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        try writeRecord(into: &buffer) { writer throws(Failure) in
            writer.type(.completion)
            writer.invocationID(invocationID)
            writer.key("result")
            try result(&writer)
        }
    }

    private static func writeRecord<Failure: Error>(
        into buffer: inout ByteBuffer, _ properties: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        try JSONWriter.append(to: &buffer) { writer throws(Failure) in
            writer.beginObject()
            try properties(&writer)
            writer.endRecord()
        }
    }
}

extension JSONWriter {
    fileprivate mutating func type(_ type: HubMessageType) {
        key("type")
        integer(type.rawValue)
    }

    fileprivate mutating func invocationID(_ id: String) {
        key("invocationId")
        string(id)
    }

    fileprivate mutating func target(_ target: String) {
        key("target")
        string(target)
    }

    fileprivate mutating func invocation(_ message: InvocationMessage) {
        if !message.headers.isEmpty {
            key("headers")
            beginObject()
            for (name, value) in message.headers.sorted(by: { $0.key < $1.key }) {
                key(escaping: name)
                string(value)
            }
            endObject()
        }
        if let id = message.invocationID { invocationID(id) }
        target(message.target)
        key("arguments")
        beginArray()
        for argument in message.arguments { raw(argument) }
        endArray()
        if !message.streamIDs.isEmpty {
            key("streamIds")
            beginArray()
            for id in message.streamIDs { string(id) }
            endArray()
        }
    }

    fileprivate mutating func outcome(_ outcome: CompletionMessage.Outcome) {
        switch outcome {
        case .void:
            key("result")
            null()
        case .result(let result):
            key("result")
            raw(result)
        case .error(let error):
            key("error")
            string(error)
        case .streamEnd:
            break
        }
    }

    fileprivate mutating func close(_ message: CloseMessage) {
        if let error = message.error {
            key("error")
            string(error)
        }
        if message.allowReconnect {
            key("allowReconnect")
            bool(true)
        }
    }

    fileprivate mutating func sequenceID(_ id: Int64) {
        key("sequenceId")
        integer(Int(id))
    }
}
