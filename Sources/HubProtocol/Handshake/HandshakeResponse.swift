package import NIOCore

/// The answer to a handshake, JSON in every protocol (HubProtocol.md, "HandshakeResponse Message Encoding").
package enum HandshakeResponse: Sendable, Equatable {
    case accepted
    /// The connection ends after it. Texts: ``HubErrorText``.
    case rejected(error: String)

    /// Appends the record, its separator included.
    package func write(into buffer: inout ByteBuffer) {
        JSONWriter.append(to: &buffer) { writer in
            writer.beginObject()
            if case .rejected(let error) = self {
                writer.key("error")
                writer.string(error)
            }
            writer.endRecord()
        }
    }
}
