package import NIOCore

extension MessagePackHubProtocol {
    /// Reads one message, given without its length.
    ///
    /// Later versions append elements: those behind the known ones are skipped, and where an older version has fewer, the
    /// minimum is what counts. Arguments, items and results are slices of the record.
    package static func parse(_ record: ByteBuffer) throws(HubProtocolError) -> HubMessage {
        let elements = try Elements(record)
        guard let number = try elements.required(0, "The message has no type.").integer(as: Int.self) else {
            throw HubProtocolError(.invalidProperty, "The message's type is not an integer.")
        }
        switch HubMessageType(rawValue: number) {
        case .invocation:
            return .invocation(try elements.invocation())
        case .streamInvocation:
            let invocation = try elements.invocation()
            _ = try elements.requiredInvocationID()
            return .streamInvocation(invocation)
        case .streamItem:
            return .streamItem(try elements.streamItem())
        case .completion:
            return .completion(try elements.completion())
        case .cancelInvocation:
            return .cancelInvocation(id: try elements.requiredInvocationID())
        case .ping:
            return .ping
        case .close:
            return .close(try elements.close())
        case .ack:
            return .ack(sequenceID: try elements.requiredSequenceID())
        case .sequence:
            return .sequence(sequenceID: try elements.requiredSequenceID())
        case nil:
            return .unknown(type: number)
        }
    }
}

/// The elements of a message's array. What they must be is known only once the first one, the type, was read.
private struct Elements {
    private var values: [MessagePackValue] = []

    /// The most elements that a message has.
    private static let known = 6

    init(_ record: ByteBuffer) throws(HubProtocolError) {
        var scanner = MessagePackScanner()
        let span = record.readableBytesUInt8Span
        guard let count = try scanner.beginArray(in: span) else {
            throw HubProtocolError(.malformedMessagePack, "The message is not an array.")
        }
        for index in 0..<count {
            let range = try scanner.skipValue(in: span)
            guard index < Self.known else { continue }
            // The range was found within the readable bytes.
            let value = record.getSlice(at: record.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
            values.append(MessagePackValue(trusting: value))
        }
        try scanner.expectEnd(of: span)
    }

    /// Nil where it is nil or not there.
    func optional(_ index: Int) -> MessagePackValue? {
        guard index < values.count, !values[index].isNull else { return nil }
        return values[index]
    }

    /// Not nil.
    func required(_ index: Int, _ message: StaticString) throws(HubProtocolError) -> MessagePackValue {
        guard let value = optional(index) else { throw HubProtocolError(.missingProperty, message) }
        return value
    }

    /// There, nil or not.
    func present(_ index: Int, _ message: StaticString) throws(HubProtocolError) -> MessagePackValue {
        guard index < values.count else { throw HubProtocolError(.missingProperty, message) }
        return values[index]
    }
}

// MARK: Messages

extension Elements {
    func invocation() throws(HubProtocolError) -> InvocationMessage {
        guard let target = try required(3, "The invocation has no target.").string(), !target.isEmpty else {
            throw HubProtocolError(.invalidProperty, "The invocation's target is not a string that names a method.")
        }
        guard let arguments = try required(4, "The invocation has no arguments.").elements() else {
            throw HubProtocolError(.invalidProperty, "The invocation's arguments are not an array.")
        }
        return InvocationMessage(
            invocationID: try optionalInvocationID(), target: target, arguments: arguments.map(\.bytes),
            streamIDs: try optionalStreamIDs(), headers: try headers())
    }

    func streamItem() throws(HubProtocolError) -> StreamItemMessage {
        StreamItemMessage(
            invocationID: try requiredInvocationID(), item: try present(3, "The stream item has no item.").bytes)
    }

    func completion() throws(HubProtocolError) -> CompletionMessage {
        let kind = try required(3, "The completion has no result kind.").integer(as: Int.self)
        let outcome: CompletionMessage.Outcome
        switch kind.flatMap(CompletionKind.init) {
        case .error:
            guard let error = try required(4, "The completion has no error.").string() else {
                throw HubProtocolError(.invalidProperty, "The completion's error is not a string.")
            }
            outcome = .error(error)
        case .void:
            outcome = .void
        case .result:
            outcome = .result(try present(4, "The completion has no result.").bytes)
        case nil:
            throw HubProtocolError(.invalidProperty, "The completion's result kind is none.")
        }
        return CompletionMessage(invocationID: try requiredInvocationID(), outcome: outcome)
    }

    func close() throws(HubProtocolError) -> CloseMessage {
        var close = CloseMessage()
        if let error = optional(1) {
            guard let error = error.string() else {
                throw HubProtocolError(.invalidProperty, "The close message's error is not a string.")
            }
            close.error = error
        }
        if let allowReconnect = optional(2) {
            guard let allowReconnect = allowReconnect.bool() else {
                throw HubProtocolError(
                    .invalidProperty, "The close message's permission to reconnect is not a boolean.")
            }
            close.allowReconnect = allowReconnect
        }
        return close
    }
}

// MARK: Elements

extension Elements {
    func requiredInvocationID() throws(HubProtocolError) -> String {
        guard let id = try optionalInvocationID() else {
            throw HubProtocolError(.missingProperty, "The message has no invocation id.")
        }
        return id
    }

    func requiredSequenceID() throws(HubProtocolError) -> Int64 {
        guard let id = try required(1, "The message has no sequence id.").integer(as: Int64.self) else {
            throw HubProtocolError(.invalidProperty, "The message's sequence id is not an integer.")
        }
        return id
    }

    private func optionalInvocationID() throws(HubProtocolError) -> String? {
        guard let value = optional(2) else { return nil }
        guard let id = value.string() else {
            throw HubProtocolError(.invalidProperty, "The message's invocation id is not a string.")
        }
        return id.isEmpty ? nil : id
    }

    private func optionalStreamIDs() throws(HubProtocolError) -> [String] {
        guard let value = optional(5) else { return [] }
        guard let elements = value.elements() else { throw .invalidStreamIDs }
        var ids: [String] = []
        for element in elements {
            guard let id = element.string() else { throw .invalidStreamIDs }
            ids.append(id)
        }
        return ids
    }

    private func headers() throws(HubProtocolError) -> [String: String] {
        guard let value = optional(1) else { return [:] }
        guard let members = value.members() else { throw .invalidHeaders }
        var headers: [String: String] = [:]
        for (name, value) in members {
            guard let name = name.string(), let value = value.string() else { throw .invalidHeaders }
            headers[name] = value
        }
        return headers
    }
}

extension HubProtocolError {
    fileprivate static let invalidStreamIDs = HubProtocolError(
        .invalidProperty, "The invocation's stream ids are not an array of strings.")

    fileprivate static let invalidHeaders = HubProtocolError(
        .invalidProperty, "The invocation's headers are not a map of strings.")
}
