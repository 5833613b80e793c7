import FoundationEssentials

/// The member `claims` of a request for a token: those of a challenge, and that the program can handle challenges (`CP1`), for
/// which Entra gives tokens that last a day and may be revoked before (continuous access evaluation).
enum ClaimsRequest {
    /// - Returns: Nil when there is nothing to say.
    /// - Throws: ``Malformed`` when the challenge is not a JSON object.
    static func merge(challenge: String?, isCAEEnabled: Bool) throws(Malformed) -> String? {
        guard isCAEEnabled else { return challenge }
        var claims: [String: JSON] = [:]
        if let challenge {
            guard let read = try? JSONDecoder().decode([String: JSON].self, from: Data(challenge.utf8)) else {
                throw Malformed()
            }
            claims = read
        }
        var accessToken: [String: JSON] =
            if case .object(let members)? = claims["access_token"] { members } else { [:] }
        accessToken["xms_cc"] = .object(["values": .array([.string("CP1")])])
        claims["access_token"] = .object(accessToken)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(claims)).map { String(decoding: $0, as: UTF8.self) }
    }

    struct Malformed: Error {}

    private indirect enum JSON: Codable {
        case null
        case bool(Bool)
        case number(Double)
        case string(String)
        case array([JSON])
        case object([String: JSON])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .string(value)
            } else if let value = try? container.decode([JSON].self) {
                self = .array(value)
            } else {
                self = .object(try container.decode([String: JSON].self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .null: try container.encodeNil()
            case .bool(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            case .string(let value): try container.encode(value)
            case .array(let value): try container.encode(value)
            case .object(let value): try container.encode(value)
            }
        }
    }
}
