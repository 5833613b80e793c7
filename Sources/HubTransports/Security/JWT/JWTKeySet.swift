import JWTKit

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The keys that an issuer publishes (RFC 7517, section 5), as far as they are of use here.
struct JWTKeySet: Sendable {
    /// A publisher with more is no publisher of ours: a token without a key's name is held against all of them.
    private static let maximumCount = 64

    let keys: [JWTVerificationKey]

    init(keys: [JWTVerificationKey]) { self.keys = keys }

    /// - Throws: Where it is not a key set. Keys of a kind that is not known here are left out.
    init(json: Data) async throws {
        let document = try JSONDecoder().decode(PublishedKeySet.self, from: json)
        var keys: [JWTVerificationKey] = []
        for published in document.keys.prefix(Self.maximumCount) {
            if let published = published.value, let key = await JWTVerificationKey(published: published) {
                keys.append(key)
            }
        }
        self.keys = keys
    }

    /// The keys that may have signed a token: the one that it names, or all of its algorithm where it names none.
    func candidates(for header: TokenHeader) -> [JWTVerificationKey] {
        keys.filter { $0.algorithm == header.alg && (header.kid == nil || header.kid == $0.id) }
    }
}

private struct PublishedKeySet: Decodable {
    let keys: [ReadableKey]
}

/// A key of a kind that JWTKit does not know must not make the others unreadable.
private struct ReadableKey: Decodable {
    let value: PublishedKey?

    init(from decoder: any Decoder) { value = try? PublishedKey(from: decoder) }
}

/// A key as it is published.
struct PublishedKey: Decodable {
    let jwk: JWK
    /// `sig` or `enc`.
    let use: String?
    /// Microsoft Entra ID says which of its issuers signs with the key.
    let issuer: String?

    private enum CodingKeys: CodingKey { case use, issuer }

    init(from decoder: any Decoder) throws {
        jwk = try JWK(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        use = try container.decodeIfPresent(String.self, forKey: .use)
        issuer = try container.decodeIfPresent(String.self, forKey: .issuer)
    }
}
