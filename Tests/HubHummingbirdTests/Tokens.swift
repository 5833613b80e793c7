import CryptoExtras
import Foundation
import JWTKit
import Synchronization

/// An issuer of tokens.
struct TokenIssuer: Sendable {
    enum Key: Sendable {
        case secret([UInt8])
        case rsa(JWTKit.Insecure.RSA.PrivateKey)
        case p256(ES256PrivateKey)
    }

    let key: Key
    var kid: String?

    static let secret = Array("a secret of more than 32 bytes, as it must be".utf8)
    static func hs256() -> TokenIssuer { TokenIssuer(key: .secret(secret)) }
    static func es256(kid: String? = nil) -> TokenIssuer { TokenIssuer(key: .p256(ES256PrivateKey()), kid: kid) }
    static func rs256(kid: String? = nil) throws -> TokenIssuer {
        let key = try JWTKit.Insecure.RSA.PrivateKey(backing: .init(keySize: .bits2048))
        return TokenIssuer(key: .rsa(key), kid: kid)
    }

    struct Claims: JWTPayload {
        var sub = "ada"
        var exp = Date.now.addingTimeInterval(3600).timeIntervalSince1970
        var iss: String?
        var aud: [String]?
        var roles: [String]?

        func verify(using algorithm: some JWTAlgorithm) {}
    }

    func token(_ change: (inout Claims) -> Void = { _ in }) async throws -> String {
        var claims = Claims()
        change(&claims)
        let keys = JWTKeyCollection()
        switch key {
        case .secret(let bytes): await keys.add(hmac: HMACKey(from: bytes), digestAlgorithm: .sha256)
        case .rsa(let key): await keys.add(rsa: key, digestAlgorithm: .sha256)
        case .p256(let key): await keys.add(ecdsa: key)
        }
        var header = JWTKit.JWTHeader()
        if let kid { header.kid = kid }
        return try await keys.sign(claims, header: header)
    }

    var publicKey: String {
        switch key {
        case .secret: ""
        case .rsa(let key): key.publicKey.pemRepresentation
        case .p256(let key): key.publicKey.pemRepresentation
        }
    }

    /// As it is published; Microsoft Entra ID leaves the algorithm out, too.
    func published(issuer: String? = nil) throws -> String {
        var fields = ["use": "sig"]
        fields["kid"] = kid
        fields["issuer"] = issuer
        switch key {
        case .secret:
            fields["kty"] = "oct"
        case .rsa(let key):
            let primitives = try key.publicKey.getKeyPrimitives()
            fields["kty"] = "RSA"
            fields["n"] = Self.base64URL(primitives.modulus.base64EncodedString())
            fields["e"] = Self.base64URL(primitives.publicExponent.base64EncodedString())
        case .p256(let key):
            fields["kty"] = "EC"
            fields["crv"] = "P-256"
            fields["x"] = key.publicKey.parameters.map { Self.base64URL($0.x) }
            fields["y"] = key.publicKey.parameters.map { Self.base64URL($0.y) }
        }
        return String(decoding: try JSONEncoder().encode(fields), as: UTF8.self)
    }

    private static func base64URL(_ base64: String) -> String {
        base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

/// The keys that an issuer publishes, and how often they were read.
final class PublishedKeys: Sendable {
    private let state = Mutex((keys: [String](), reads: 0, isAway: false))

    var reads: Int { state.withLock { $0.reads } }

    func publish(_ keys: String...) { state.withLock { $0.keys = keys } }

    func goAway(_ isAway: Bool = true) { state.withLock { $0.isAway = isAway } }

    /// The key set; nil while the issuer is away.
    func read() -> String? {
        state.withLock { state in
            state.reads += 1
            return state.isAway ? nil : "{\"keys\":[\(state.keys.joined(separator: ","))]}"
        }
    }
}
