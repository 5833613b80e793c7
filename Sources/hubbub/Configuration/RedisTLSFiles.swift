import HubBackplaneRedis
import NIOSSL

/// Whom connections to Redis trust, and what they show.
struct RedisTLSFiles: Sendable {
    private let authority: String?
    private let certificate: String?
    private let key: String?

    init(_ values: OptionValues) throws {
        authority = try values.text("redis-ca-file")
        certificate = try values.text("redis-certificate-file")
        key = try values.text("redis-key-file")
        guard (certificate == nil) == (key == nil) else {
            throw UsageError("redis-certificate-file and redis-key-file need each other")
        }
    }

    /// - Throws: `UsageError` where a file cannot be used, or there is no TLS to use it for.
    func complete(_ configuration: inout RedisConfiguration) throws {
        guard authority != nil || certificate != nil else { return }
        guard configuration.tls != nil else {
            throw UsageError("redis-ca-file and redis-certificate-file need a rediss:// URL or ssl=True")
        }
        if let authority {
            configuration.tls?.trustRoots = .certificates(try Self.certificates("redis-ca-file", authority))
        }
        guard let certificate, let key else { return }
        configuration.tls?.certificateChain = try Self.certificates("redis-certificate-file", certificate).map {
            .certificate($0)
        }
        guard let privateKey = try? NIOSSLPrivateKey(file: key, format: .pem) else {
            throw UsageError("redis-key-file \(key) is no private key in PEM form")
        }
        configuration.tls?.privateKey = .privateKey(privateKey)
    }

    private static func certificates(_ option: String, _ path: String) throws -> [NIOSSLCertificate] {
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else {
            throw UsageError("\(option) \(path) has no certificate in PEM form")
        }
        return certificates
    }
}
