import FoundationEssentials
import HubServer

/// The body of a send: the method that clients are called with, and its arguments.
struct PayloadMessage: Decodable {
    let target: String
    let arguments: [HubValue]

    private enum CodingKeys: CodingKey { case target, arguments }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        target = try container.decode(String.self, forKey: .target)
        arguments = try container.decodeIfPresent([JSONArgument].self, forKey: .arguments)?.map(\.value) ?? []
    }
}

/// Any JSON, as a value for clients.
private struct JSONArgument: Decodable {
    let value: HubValue

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            value = .null
        } else if let text = try? container.decode(String.self) {
            value = .string(text)
        } else if let bool = try? container.decode(Bool.self) {
            value = .bool(bool)
        } else if let integer = try? container.decode(Int64.self) {
            value = .integer(integer)
        } else if let unsigned = try? container.decode(UInt64.self) {
            value = .unsigned(unsigned)
        } else if let number = try? container.decode(Double.self) {
            value = .double(number)
        } else if Self.depth(of: decoder) >= HubValue.maximumDepth {
            let context = DecodingError.Context(
                codingPath: decoder.codingPath, debugDescription: "The argument is nested too deeply.")
            throw DecodingError.dataCorrupted(context)
        } else if let array = try? container.decode([JSONArgument].self) {
            value = .array(array.map(\.value))
        } else {
            let object = try container.decode([String: JSONArgument].self)
            value = .object(object.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value.value) })
        }
    }

    /// Below the argument itself, whose path is `arguments` and its place there.
    private static func depth(of decoder: any Decoder) -> Int { decoder.codingPath.count - 2 }
}
