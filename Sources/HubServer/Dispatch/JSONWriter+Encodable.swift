import FoundationEssentials
import HubProtocol
import NIOCore

extension JSONWriter {
    /// Writes any encodable value; the common ones without an encoder.
    mutating func value(_ value: some Encodable) throws {
        switch value {
        case let value as String: string(value)
        case let value as Int: integer(value)
        case let value as Bool: bool(value)
        default: raw(ByteBuffer(bytes: try JSONEncoder.hub.encode(value)))
        }
    }
}

extension JSONEncoder {
    /// Dates as ISO 8601, bytes as base64, as ASP.NET has them.
    fileprivate static let hub: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = .withoutEscapingSlashes
        return encoder
    }()
}
