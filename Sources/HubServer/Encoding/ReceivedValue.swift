import FoundationEssentials
package import HubProtocol
package import NIOCore

/// A value of a client's, to be decoded as whatever it is needed for.
package struct ReceivedValue: Sendable, Equatable {
    let encoding: HubEncoding
    let bytes: ByteBuffer

    /// - Parameter bytes: one valid value of the encoding, such as an argument of a parsed message.
    package init(_ bytes: ByteBuffer, _ encoding: HubEncoding) {
        self.bytes = bytes
        self.encoding = encoding
    }

    /// Where the client has sent no value.
    static func null(_ encoding: HubEncoding) -> ReceivedValue {
        ReceivedValue((try? encoding.bytes(of: .null)) ?? ByteBuffer(), encoding)
    }

    /// - Throws: `DecodingError`, and whatever the type's own `init(from:)` throws.
    package func decode<Value: Decodable>(as type: Value.Type) throws -> Value {
        switch encoding {
        case .json:
            if type == String.self, let string = JSONValue(trusting: bytes).string() as? Value { return string }
            return try JSONDecoder.hub.decode(type, from: Data(bytes.readableBytesView))
        case .messagePack:
            return try MessagePackDecoder(MessagePackValue(trusting: bytes)).decode(type)
        }
    }
}

extension JSONDecoder {
    /// Dates as ISO 8601, with a fraction (JavaScript) or without one (.NET), bytes as base64, as ASP.NET has them.
    fileprivate static let hub: JSONDecoder = {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
            return try style.parse(text)
        }
        return decoder
    }()
}
