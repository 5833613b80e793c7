package import NIOCore

/// The first record of a client, JSON in every protocol (HubProtocol.md, "HandshakeRequest Message Encoding").
package struct HandshakeRequest: Sendable, Equatable {
    /// The protocol's name as the client wrote it; names are compared without regard to case.
    package var protocolName: String
    /// 1, or 2 when stateful reconnect was agreed on.
    package var version: Int

    package init(protocolName: String, version: Int) {
        self.protocolName = protocolName
        self.version = version
    }

    /// - Parameter record: without its separator.
    package static func parse(_ record: ByteBuffer) throws(HubProtocolError) -> HandshakeRequest {
        var protocolName: JSONValue?
        var version: JSONValue?
        try JSONValue.forEachMember(ofObject: record) { key, value in
            if key == "protocol" {
                protocolName = value
            } else if key == "version" {
                version = value
            }
        }
        guard let protocolName, let version else {
            throw HubProtocolError(.missingProperty, "The handshake needs 'protocol' and 'version'.")
        }
        guard let name = protocolName.string() else {
            throw HubProtocolError(.invalidProperty, "The handshake's 'protocol' is not a string.")
        }
        guard let version = version.integer(as: Int.self) else {
            throw HubProtocolError(.invalidProperty, "The handshake's 'version' is not an integer.")
        }
        return HandshakeRequest(protocolName: name, version: version)
    }
}
