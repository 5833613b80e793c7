import CryptoExtras
import FoundationEssentials

/// A JWT by which an application proves to Entra that it has the key of a registered certificate (RFC 7523, section 3).
///
/// PS256 with the SHA-256 thumbprint; RS256 with that of SHA-1, which older libraries send, is on its way out.
struct ClientAssertion {
    let certificate: ClientCertificate
    let clientID: String
    /// Whether the chain goes along, for applications that trust an issuer and a subject name instead of one certificate.
    let sendsChain: Bool

    static let lifetime = 600.0

    /// - Parameters:
    ///   - audience: The token endpoint.
    ///   - id: Unlike that of any other assertion.
    func signed(audience: String, now: Date, id: UUID = UUID()) throws -> String {
        let seconds = Int(now.timeIntervalSince1970)
        let chain = sendsChain ? certificate.chain.map { Data($0).base64EncodedString() } : nil
        let header = Header(x5tS256: certificate.thumbprint, x5c: chain)
        let claims = Claims(
            aud: audience, iss: clientID, sub: clientID, jti: id.uuidString.lowercased(), iat: seconds, nbf: seconds,
            exp: seconds + Int(Self.lifetime))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        let signed = "\(try encoder.encode(header).base64URLEncoded).\(try encoder.encode(claims).base64URLEncoded)"
        let signature = try certificate.key.signature(for: Data(signed.utf8), padding: .PSS)
        return "\(signed).\(signature.rawRepresentation.base64URLEncoded)"
    }

    private struct Header: Encodable {
        var alg = "PS256"
        var typ = "JWT"
        let x5tS256: String
        let x5c: [String]?

        enum CodingKeys: String, CodingKey {
            case alg
            case typ
            case x5tS256 = "x5t#S256"
            case x5c
        }
    }

    private struct Claims: Encodable {
        let aud: String
        let iss: String
        let sub: String
        let jti: String
        let iat: Int
        let nbf: Int
        let exp: Int
    }
}
