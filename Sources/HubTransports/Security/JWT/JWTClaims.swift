import HubServer
import JWTKit

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The claims of a token (RFC 7519, section 4), whatever they are.
struct JWTClaims: JWTPayload {
    private let values: [String: JWTClaimValue]

    init(_ values: [String: JWTClaimValue]) { self.values = values }

    init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: JWTClaimValue].self)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }

    /// The signature is what JWTKit checks. The claims are held against the server's own rules, with its clock.
    func verify(using algorithm: some JWTAlgorithm) {}

    subscript(name: String) -> JWTClaimValue? { values[name] }

    /// A date: seconds since 1970, whole or not.
    func date(_ name: String) -> Double? {
        if case .number(let seconds) = values[name] { seconds } else { nil }
    }

    func string(_ name: String) -> String? {
        if case .string(let text) = values[name] { text } else { nil }
    }

    /// The strings of a claim that is one or several.
    func strings(_ name: String) -> [String] { values[name]?.texts ?? [] }

    /// The claims as a hub sees them.
    var principal: ClaimsPrincipal {
        ClaimsPrincipal(
            claims: values.sorted { $0.key < $1.key }.flatMap { name, value in
                value.texts.map { (type: name, value: $0) }
            })
    }
}

/// A claim's value: any JSON.
enum JWTClaimValue: Sendable, Codable {
    case string(String)
    case number(Double)
    case bool(Bool)
    case array([JWTClaimValue])
    case object([String: JWTClaimValue])
    case null

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let bool = try? container.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let array = try? container.decode([JWTClaimValue].self) {
            self = .array(array)
        } else if let object = try? container.decode([String: JWTClaimValue].self) {
            self = .object(object)
        } else {
            self = .null
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let text): try container.encode(text)
        case .number(let number):
            if let whole = Int64(exactly: number) { try container.encode(whole) } else { try container.encode(number) }
        case .bool(let bool): try container.encode(bool)
        case .array(let array): try container.encode(array)
        case .object(let object): try container.encode(object)
        case .null: try container.encodeNil()
        }
    }

    /// As claims: an array is one for each element, what is no text is its JSON.
    fileprivate var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let array): array.flatMap(\.texts)
        case .null: []
        case .number, .bool, .object:
            (try? Self.encoder.encode(self)).map { [String(decoding: $0, as: UTF8.self)] } ?? []
        }
    }

    /// The same claim is the same text in each token and on each node.
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()
}
