/// A number of seconds that a server writes as a number or as a string.
struct LenientNumber: Decodable, Hashable {
    let value: Double

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let number = try? container.decode(Double.self)
        guard let value = try number ?? Double(container.decode(String.self).trimmed), value.isFinite,
            // Later than the year 3000 is no time of a token.
            (0...32_503_680_000).contains(value)
        else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a number of seconds")
        }
        self.value = value
    }
}

extension String {
    /// Whether a header can carry it as a token.
    var isBearerToken: Bool {
        !isEmpty && utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
