import AzureIdentity
import FoundationEssentials
import NIOCore

/// Why a secret could not be read. It holds no secret and fits in one line.
public struct KeyVaultError: Error, Hashable, CustomStringConvertible {
    /// What is the matter.
    public enum Reason: Sendable, Hashable {
        /// There is no token to show to the vault.
        case noToken
        /// The vault did not take the token.
        case unauthorized
        /// The identity may not read it, or it is disabled.
        case forbidden
        case notFound
        /// The vault is asked too often.
        case throttled
        /// It cannot be reached, or has a fault.
        case unavailable
        /// It answered something else than a secret.
        case unreadable
    }

    public let reason: Reason
    /// How long the vault wants to be left alone.
    public let retryAfter: Duration?
    /// One clause for the operator.
    public let description: String

    init(_ reason: Reason, retryAfter: Duration? = nil, _ description: String) {
        self.reason = reason
        self.retryAfter = retryAfter
        self.description = description
    }

    /// The vault answered without a secret.
    init(_ response: IdentityResponse) {
        let detail = Refusal(body: response.body.readableBytesView).map { " \($0.description)" } ?? ""
        let (reason, words): (Reason, String) =
            switch response.status {
            case 401: (.unauthorized, "the vault refuses the token")
            case 403: (.forbidden, "the vault does not hand it out")
            case 404: (.notFound, "there is none in the vault")
            case 429: (.throttled, "the vault is asked too often")
            case 400..<500: (.unreadable, "the vault answers with status \(response.status)")
            default: (.unavailable, "the vault answers with status \(response.status)")
            }
        self.init(reason, retryAfter: response.headers.retryAfter, words + detail)
    }
}

/// `{"error":{"code":"Forbidden","message":"…","innererror":{"code":"SecretDisabled"}}}`
private struct Refusal: Decodable {
    struct Detail: Decodable { let code: String? }
    struct Body: Decodable {
        let code: String?
        let message: String?
        let innererror: Detail?
    }

    let error: Body

    init?(body: some Collection<UInt8>) {
        guard let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(body)) else { return nil }
        self = refusal
    }

    /// The codes, and the message as far as it fits.
    var description: String {
        let codes = [error.code, error.innererror?.code].compactMap(\.self).joined(separator: ", ")
        return Redaction()("(\(codes)) \(error.message ?? "")")
    }
}
