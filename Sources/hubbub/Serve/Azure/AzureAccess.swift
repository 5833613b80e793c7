import AzureIdentity
import Foundation
import Logging
import NIOSSL
import Synchronization

/// The node's identity in Azure: one chain of credentials for all that needs tokens.
final class AzureAccess: Sendable {
    let options: TokenCredentialOptions

    /// - Throws: ``UsageError`` where the file of certificates cannot be used.
    init(_ values: OptionValues, logger: Logger) throws {
        var tls = NIOSSL.TLSConfiguration.makeClientConfiguration()
        if let path = try values.text("azure-ca-file") {
            do {
                tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(path))]
            } catch {
                throw UsageError("azure-ca-file: \(path) cannot be read as certificates in PEM form")
            }
        }
        options = TokenCredentialOptions(tlsConfiguration: tls, requestTimeout: .seconds(10), logger: logger)
    }

    private let credential = Mutex<DefaultAzureCredential?>(nil)

    /// - Parameter option: What needs it, for the message.
    /// - Throws: ``UsageError`` where the environment cannot be used.
    func credential(for option: String) throws -> DefaultAzureCredential {
        do {
            return try credential.withLock { credential in
                let made = try credential ?? DefaultAzureCredential(options: options)
                credential = made
                return made
            }
        } catch {
            throw UsageError("\(option): \(error)")
        }
    }
}
