#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a token says of its signature before that is checked (RFC 7515, section 4).
struct TokenHeader: Sendable, Decodable {
    /// More is no token of an issuer that means well, and costs more to refuse.
    private static let maximumTokenBytes = 16 * 1024

    let alg: String
    let kid: String?
    /// Names of extensions that a reader must know. This one knows none.
    private let crit: [String]?

    /// - Returns: Nil for what cannot be a token that this server takes.
    init?(of token: Substring) {
        guard token.utf8.count <= Self.maximumTokenBytes else { return nil }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let part = parts.first.map(Substring.init),
            let bytes = Base64URL.decode(String(part)),
            let header = try? JSONDecoder().decode(Self.self, from: Data(bytes)), header.crit == nil
        else { return nil }
        self = header
    }
}
