import Crypto
import Foundation
import HubHummingbird
import Logging
import SwiftASN1
import X509

/// A certificate of this process's own, for clients that are told to believe any.
enum SelfSignedCertificate {
    static func make(logger: Logger) throws -> TLSCertificateFiles {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let name = try DistinguishedName { CommonName("localhost") }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: .now - 3600, notValidAfter: .now + 24 * 3600, issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                SubjectAlternativeNames([.dnsName("localhost"), .ipAddress(.init(contentBytes: [127, 0, 0, 1]))])
            }, issuerPrivateKey: key)

        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // Read once, in what follows.
        defer { try? FileManager.default.removeItem(at: directory) }
        let certificateFile = directory.appending(path: "certificate.pem")
        let keyFile = directory.appending(path: "key.pem")
        try certificate.serializeAsPEM().pemString.write(to: certificateFile, atomically: true, encoding: .utf8)
        try key.serializeAsPEM().pemString.write(to: keyFile, atomically: true, encoding: .utf8)
        return try TLSCertificateFiles(
            certificateFile: certificateFile.path, keyFile: keyFile.path, logger: logger)
    }
}
