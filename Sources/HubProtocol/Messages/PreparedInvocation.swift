package import NIOCore

/// A fire-and-forget invocation for text that comes in pieces, `target(leading…, text, number)`.
///
/// The target and the leading arguments are encoded once: it is called for every chunk of a reply, and each call copies
/// those bytes and encodes the rest.
package struct PreparedInvocation: Sendable {
    private let encoding: HubEncoding
    private let beginning: ByteBuffer
    private let hasLeading: Bool

    /// - Parameter leading: the arguments that all calls have in common.
    package init(_ encoding: HubEncoding, target: String, leading: [String]) {
        var beginning = ByteBuffer()
        switch encoding {
        case .json: JSONHubProtocol.writeBeginning(target, leading, into: &beginning)
        case .messagePack: MessagePackHubProtocol.writeBeginning(target, leading, into: &beginning)
        }
        self.encoding = encoding
        self.beginning = beginning
        hasLeading = !leading.isEmpty
    }

    /// Appends one whole message.
    /// - Parameter text: valid UTF-8, which is not checked again.
    package func write(_ text: ByteBuffer, _ number: Int, into buffer: inout ByteBuffer) {
        switch encoding {
        case .json: JSONHubProtocol.write(beginning, hasLeading, text, number, into: &buffer)
        case .messagePack: MessagePackHubProtocol.write(beginning, text, number, into: &buffer)
        }
    }
}

extension JSONHubProtocol {
    /// Writes a message up to its leading arguments, without the comma behind them.
    fileprivate static func writeBeginning(_ target: String, _ leading: [String], into buffer: inout ByteBuffer) {
        JSONWriter.append(to: &buffer) { writer in
            writer.beginObject()
            writer.key("type")
            writer.integer(HubMessageType.invocation.rawValue)
            writer.key("target")
            writer.string(target)
            writer.key("arguments")
            writer.beginArray()
            for argument in leading { writer.string(argument) }
        }
    }

    fileprivate static func write(
        _ beginning: ByteBuffer, _ hasLeading: Bool, _ text: ByteBuffer, _ number: Int, into buffer: inout ByteBuffer
    ) {
        JSONWriter.append(to: &buffer) { writer in
            writer.fragment(beginning, endsBehindValue: hasLeading)
            writer.string(utf8: text)
            writer.integer(number)
            writer.endRecord(endingArray: true)
        }
    }
}

extension MessagePackHubProtocol {
    fileprivate static func writeBeginning(_ target: String, _ leading: [String], into buffer: inout ByteBuffer) {
        MessagePackWriter.append(to: &buffer) { writer in
            writer.beginInvocation(target: target, argumentCount: leading.count + 2)
            for argument in leading { writer.string(argument) }
        }
    }

    fileprivate static func write(
        _ beginning: ByteBuffer, _ text: ByteBuffer, _ number: Int, into buffer: inout ByteBuffer
    ) {
        writeFramed(into: &buffer) { writer in
            writer.raw(beginning)
            writer.string(utf8: text)
            writer.integer(Int64(number))
            writer.endInvocation()
        }
    }
}
