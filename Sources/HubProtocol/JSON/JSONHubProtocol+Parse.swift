package import NIOCore

extension JSONHubProtocol {
    /// Reads one record, given without its separator.
    ///
    /// Properties may come in any order, of equal names the last counts, unknown ones are skipped and null is as good as
    /// absent where a property is optional. Arguments, items and results are slices of the record.
    package static func parse(_ record: ByteBuffer) throws(HubProtocolError) -> HubMessage {
        let properties = try Properties(record)
        guard let number = try properties.type.required("The message has no 'type'.").integer(as: Int.self) else {
            throw HubProtocolError(.invalidProperty, "The message's 'type' is not an integer.")
        }
        switch HubMessageType(rawValue: number) {
        case .invocation:
            return .invocation(try properties.invocation())
        case .streamInvocation:
            let invocation = try properties.invocation()
            _ = try properties.requiredInvocationID()
            return .streamInvocation(invocation)
        case .streamItem:
            return .streamItem(try properties.streamItem())
        case .completion:
            return .completion(try properties.completion())
        case .cancelInvocation:
            return .cancelInvocation(id: try properties.requiredInvocationID())
        case .ping:
            return .ping
        case .close:
            return .close(try properties.close())
        case .ack:
            return .ack(sequenceID: try properties.requiredSequenceID())
        case .sequence:
            return .sequence(sequenceID: try properties.requiredSequenceID())
        case nil:
            return .unknown(type: number)
        }
    }
}

/// The raw values of the properties of any message. What they must be is known only once the type was found.
private struct Properties {
    var type: JSONValue?
    var headers: JSONValue?
    var invocationID: JSONValue?
    var target: JSONValue?
    var arguments: JSONValue?
    var streamIDs: JSONValue?
    var item: JSONValue?
    var result: JSONValue?
    var error: JSONValue?
    var allowReconnect: JSONValue?
    var sequenceID: JSONValue?

    init(_ record: ByteBuffer) throws(HubProtocolError) {
        var properties = Properties()
        try JSONValue.forEachMember(ofObject: record) { key, value in
            switch key {
            case "type": properties.type = value
            case "headers": properties.headers = value
            case "invocationId": properties.invocationID = value
            case "target": properties.target = value
            case "arguments": properties.arguments = value
            case "streamIds": properties.streamIDs = value
            case "item": properties.item = value
            case "result": properties.result = value
            case "error": properties.error = value
            case "allowReconnect": properties.allowReconnect = value
            case "sequenceId": properties.sequenceID = value
            default: break
            }
        }
        self = properties
    }

    private init() {}
}

// MARK: Messages

extension Properties {
    func invocation() throws(HubProtocolError) -> InvocationMessage {
        guard let target = try target.required("The invocation has no 'target'.").string(), !target.isEmpty else {
            throw HubProtocolError(.invalidProperty, "The invocation's 'target' is not a string that names a method.")
        }
        guard let arguments = try arguments.required("The invocation has no 'arguments'.").elements() else {
            throw HubProtocolError(.invalidProperty, "The invocation's 'arguments' are not an array.")
        }
        return InvocationMessage(
            invocationID: try optionalInvocationID(), target: target, arguments: arguments,
            streamIDs: try optionalStreamIDs(), headers: try optionalHeaders())
    }

    func streamItem() throws(HubProtocolError) -> StreamItemMessage {
        guard let item else { throw HubProtocolError(.missingProperty, "The stream item has no 'item'.") }
        return StreamItemMessage(invocationID: try requiredInvocationID(), item: item.bytes)
    }

    func completion() throws(HubProtocolError) -> CompletionMessage {
        let outcome: CompletionMessage.Outcome
        switch (result, try error.optionalString("The completion's 'error' is not a string.")) {
        case (nil, nil): outcome = .void
        case (let result?, nil): outcome = .result(result.bytes)
        case (nil, let error?): outcome = .error(error)
        case (_?, _?):
            throw HubProtocolError(.conflictingProperties, "The completion has both a 'result' and an 'error'.")
        }
        return CompletionMessage(invocationID: try requiredInvocationID(), outcome: outcome)
    }

    func close() throws(HubProtocolError) -> CloseMessage {
        var allowsReconnect = false
        if let allowReconnect, !allowReconnect.isNull {
            guard let value = allowReconnect.bool() else {
                throw HubProtocolError(.invalidProperty, "The close message's 'allowReconnect' is not a boolean.")
            }
            allowsReconnect = value
        }
        let error = try error.optionalString("The close message's 'error' is not a string.")
        return CloseMessage(error: error, allowReconnect: allowsReconnect)
    }
}

// MARK: Properties

extension Properties {
    func requiredInvocationID() throws(HubProtocolError) -> String {
        guard let id = try optionalInvocationID() else {
            throw HubProtocolError(.missingProperty, "The message has no 'invocationId'.")
        }
        return id
    }

    func requiredSequenceID() throws(HubProtocolError) -> Int64 {
        guard let id = try sequenceID.required("The message has no 'sequenceId'.").integer(as: Int64.self) else {
            throw HubProtocolError(.invalidProperty, "The message's 'sequenceId' is not an integer.")
        }
        return id
    }

    private func optionalInvocationID() throws(HubProtocolError) -> String? {
        let id = try invocationID.optionalString("The message's 'invocationId' is not a string.")
        return id == "" ? nil : id
    }

    private func optionalStreamIDs() throws(HubProtocolError) -> [String] {
        guard let streamIDs, !streamIDs.isNull else { return [] }
        guard let elements = streamIDs.elements() else { throw .invalidStreamIDs }
        var ids: [String] = []
        for element in elements {
            guard let id = JSONValue(trusting: element).string() else { throw .invalidStreamIDs }
            ids.append(id)
        }
        return ids
    }

    private func optionalHeaders() throws(HubProtocolError) -> [String: String] {
        guard let headers, !headers.isNull else { return [:] }
        guard let members = headers.members() else { throw .invalidHeaders }
        var result: [String: String] = [:]
        for (name, value) in members {
            guard let value = value.string() else { throw .invalidHeaders }
            result[name] = value
        }
        return result
    }
}

extension JSONValue? {
    fileprivate func required(_ message: StaticString) throws(HubProtocolError) -> JSONValue {
        guard let self, !self.isNull else { throw HubProtocolError(.missingProperty, message) }
        return self
    }

    fileprivate func optionalString(_ message: StaticString) throws(HubProtocolError) -> String? {
        guard let self, !self.isNull else { return nil }
        guard let string = self.string() else { throw HubProtocolError(.invalidProperty, message) }
        return string
    }
}

extension HubProtocolError {
    fileprivate static let invalidStreamIDs = HubProtocolError(
        .invalidProperty, "The invocation's 'streamIds' are not an array of strings.")

    fileprivate static let invalidHeaders = HubProtocolError(
        .invalidProperty, "The invocation's 'headers' are not an object of strings.")
}
