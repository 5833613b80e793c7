import Crypto
import CryptoExtras
import FoundationEssentials
import NIOSSL

/// A certificate that is registered with an application, with its RSA key and the rest of its chain.
struct ClientCertificate: Sendable {
    /// Why there is none.
    struct Failure: Error, Hashable {
        let reason: String
    }

    let key: _RSA.Signing.PrivateKey
    /// DER, the application's own first.
    let chain: [[UInt8]]

    /// - Parameters:
    ///   - bytes: PEM (certificate and key, in any order, the key perhaps encrypted) or PKCS#12.
    ///   - password: Of the key or the bundle.
    init(_ bytes: [UInt8], password: String?) throws(Failure) {
        let isPEM = String(decoding: bytes, as: UTF8.self).contains("-----BEGIN")
        let (certificates, privateKey) =
            isPEM ? try Self.pem(bytes, password) : try Self.pkcs12(bytes, password)
        guard let key = try? _RSA.Signing.PrivateKey(derRepresentation: privateKey.derBytes) else {
            throw Failure(reason: "its key is not an RSA key of at least 2048 bits.")
        }
        let publicKey = [UInt8](key.publicKey.derRepresentation)
        guard
            let own = certificates.firstIndex(where: { (try? $0.extractPublicKey().toSPKIBytes()) == publicKey }),
            let chain = try? ([certificates[own]] + certificates[..<own] + certificates[(own + 1)...]).map({
                try $0.toDERBytes()
            })
        else {
            throw Failure(reason: "no certificate in it belongs to its key.")
        }
        self.key = key
        self.chain = chain
    }

    /// Base64url of the SHA-256 of the certificate: `x5t#S256` (RFC 7515, section 4.1.8).
    var thumbprint: String { Data(SHA256.hash(data: chain[0])).base64URLEncoded }

    private static func pem(
        _ bytes: [UInt8], _ password: String?
    ) throws(Failure) -> ([NIOSSLCertificate], NIOSSLPrivateKey) {
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
            let key = try NIOSSLPrivateKey(bytes: bytes, format: .pem) { (give: NIOSSLPassphraseSetter<[UInt8]>) in
                give(Array((password ?? "").utf8))
            }
            return (certificates, key)
        } catch {
            throw Failure(reason: "it holds no certificate with its key as PEM, or the password is wrong.")
        }
    }

    private static func pkcs12(
        _ bytes: [UInt8], _ password: String?
    ) throws(Failure) -> ([NIOSSLCertificate], NIOSSLPrivateKey) {
        do {
            let bundle = try NIOSSLPKCS12Bundle(buffer: bytes, passphrase: Array((password ?? "").utf8))
            return (bundle.certificateChain, bundle.privateKey)
        } catch {
            throw Failure(reason: "it is neither PEM nor PKCS#12, or the password is wrong.")
        }
    }
}

extension Data {
    /// RFC 4648, section 5, without padding.
    var base64URLEncoded: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
