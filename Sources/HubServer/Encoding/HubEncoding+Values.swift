import HubProtocol
package import NIOCore

/// Values, and whole framed messages made of them. Each throws `EncodingError` where the encoding has no form for a value.
extension HubEncoding {
    package func bytes(of value: HubValue) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        switch self {
        case .json: try JSONWriter.append(to: &buffer) { writer throws in try writer.value(value) }
        case .messagePack: MessagePackWriter.append(to: &buffer) { $0.value(value) }
        }
        return buffer
    }

    package func writeInvocation(
        invocationID: String? = nil, target: String, _ arguments: [HubValue], into buffer: inout ByteBuffer
    ) throws {
        switch self {
        case .json:
            try JSONHubProtocol.writeInvocation(invocationID: invocationID, target: target, into: &buffer) {
                writer throws in
                for argument in arguments { try writer.value(argument) }
            }
        case .messagePack:
            MessagePackHubProtocol.writeInvocation(
                invocationID: invocationID, target: target, argumentCount: arguments.count, into: &buffer
            ) { writer in
                for argument in arguments { writer.value(argument) }
            }
        }
    }

    func invocation(of target: String, _ arguments: [HubValue]) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try writeInvocation(target: target, arguments, into: &buffer)
        return buffer
    }

    func streamItem(_ item: HubValue, of invocationID: String) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        switch self {
        case .json:
            try JSONHubProtocol.writeStreamItem(invocationID: invocationID, into: &buffer) { writer throws in
                try writer.value(item)
            }
        case .messagePack:
            MessagePackHubProtocol.writeStreamItem(invocationID: invocationID, into: &buffer) { $0.value(item) }
        }
        return buffer
    }

    func completion(of invocationID: String, with result: HubValue) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        switch self {
        case .json:
            try JSONHubProtocol.writeCompletion(invocationID: invocationID, into: &buffer) { writer throws in
                try writer.value(result)
            }
        case .messagePack:
            MessagePackHubProtocol.writeCompletion(invocationID: invocationID, into: &buffer) { $0.value(result) }
        }
        return buffer
    }
}
