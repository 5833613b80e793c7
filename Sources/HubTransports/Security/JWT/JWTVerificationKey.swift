import HubServer
import JWTKit

/// A key that tokens are held against.
struct JWTVerificationKey: Sendable {
    /// The one algorithm that the key is for: what a token's header says of it is not believed (RFC 8725, section 3.1).
    let algorithm: String
    /// Its publisher's name for it.
    let id: String?
    /// For whom it signs, where its publisher says so.
    let issuer: String?
    private let collection: JWTKeyCollection

    private init(algorithm: String, id: String?, issuer: String?, collection: JWTKeyCollection) {
        self.algorithm = algorithm
        self.id = id
        self.issuer = issuer
        self.collection = collection
    }

    /// - Returns: The token's claims; nil where this key did not sign it.
    func claims(of token: Substring) async -> JWTClaims? {
        try? await collection.verify(Array(token.utf8), as: JWTClaims.self)
    }
}

// MARK: Keys that are there from the start

extension JWTVerificationKey {
    /// A key as it was configured, read and checked.
    enum Configured: Sendable {
        case secret(HMACKey)
        case rsa(Insecure.RSA.PublicKey)
        case p256(ES256PublicKey)

        var key: JWTVerificationKey {
            get async {
                let collection = JWTKeyCollection()
                switch self {
                case .secret(let key):
                    await collection.add(hmac: key, digestAlgorithm: .sha256)
                    return JWTVerificationKey(algorithm: "HS256", id: nil, issuer: nil, collection: collection)
                case .rsa(let key):
                    await collection.add(rsa: key, digestAlgorithm: .sha256)
                    return JWTVerificationKey(algorithm: "RS256", id: nil, issuer: nil, collection: collection)
                case .p256(let key):
                    await collection.add(ecdsa: key)
                    return JWTVerificationKey(algorithm: "ES256", id: nil, issuer: nil, collection: collection)
                }
            }
        }
    }

    static func configured(_ key: JWTBearerOptions.SigningKey) throws(JWTBearerOptionsError) -> [Configured] {
        switch key {
        case .secret(let bytes): return [try secret(bytes)]
        case .rotatingSecret(let rotating):
            return try rotating.accepted.map { bytes throws(JWTBearerOptionsError) in try secret(bytes) }
        case .publicKey(let pem):
            let blocks = blocks(of: pem)
            guard !blocks.isEmpty else { throw JWTBearerOptionsError(.publicKey, "there is no PEM block in it") }
            return try blocks.map { block throws(JWTBearerOptionsError) in try publicKey(block) }
        }
    }

    private static func secret(_ bytes: [UInt8]) throws(JWTBearerOptionsError) -> Configured {
        // Less than the hash has makes the hash's strength a promise that the key does not keep (RFC 7518, 3.2).
        guard bytes.count >= 32 else {
            throw JWTBearerOptionsError(.secret, "the secret must have at least 32 bytes")
        }
        return .secret(HMACKey(from: bytes))
    }

    private static func publicKey(_ pem: String) throws(JWTBearerOptionsError) -> Configured {
        if let key = (try? ES256PublicKey(pem: pem)) ?? (try? ES256PublicKey(certificate: pem)) { return .p256(key) }
        if let key = (try? Insecure.RSA.PublicKey(pem: pem)) ?? (try? Insecure.RSA.PublicKey(certificatePEM: pem)) {
            return .rsa(key)
        }
        throw JWTBearerOptionsError(
            .publicKey, "it is neither a P-256 nor an RSA public key of at least 2048 bits, nor a certificate of one")
    }

    private static func blocks(of text: String) -> [String] {
        var blocks: [String] = []
        var block = ""
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("-----BEGIN ") { block = "" }
            block += line + "\n"
            if line.hasPrefix("-----END ") { blocks.append(block) }
        }
        return blocks
    }
}

// MARK: Published keys

extension JWTVerificationKey {
    /// Nil for a key that is for something else than the signatures that this server takes.
    init?(published: PublishedKey) async {
        guard published.use ?? "sig" == "sig" else { return nil }
        var jwk = published.jwk
        // Microsoft Entra ID does not say for which algorithm a key is.
        let algorithm: JWK.Algorithm
        switch jwk.keyType {
        case .rsa: algorithm = .rs256
        case .ecdsa: algorithm = .es256
        default: return nil
        }
        guard jwk.algorithm ?? algorithm == algorithm else { return nil }
        if jwk.keyType == .ecdsa, jwk.curve?.rawValue != "P-256" { return nil }
        let id = jwk.keyIdentifier?.string
        jwk.algorithm = algorithm
        // JWTKit wants each to have a name.
        jwk.keyIdentifier = jwk.keyIdentifier ?? JWKIdentifier(string: "")
        let collection = JWTKeyCollection()
        guard (try? await collection.add(jwk: jwk)) != nil else { return nil }
        self.init(algorithm: algorithm.rawValue, id: id, issuer: published.issuer, collection: collection)
    }
}
