import HubHummingbird
import Logging

/// Where the certificate of a node is.
struct TLSConfiguration: Sendable {
    var certificateFile: String
    var keyFile: String
    var reloadInterval: Duration

    /// Nil where none is given.
    init?(_ values: OptionValues) throws {
        reloadInterval = try values.duration("tls-reload-interval")
        switch (try values.text("tls-certificate-file"), try values.text("tls-key-file")) {
        case (let certificateFile?, let keyFile?):
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        case (nil, nil):
            return nil
        case (nil, _?):
            throw UsageError("tls-certificate-file must be given with tls-key-file")
        case (_?, nil):
            throw UsageError("tls-key-file must be given with tls-certificate-file")
        }
    }

    /// - Throws: ``UsageError`` that names the file that cannot be used.
    func files(logger: Logger) throws -> TLSCertificateFiles {
        do {
            return try TLSCertificateFiles(
                certificateFile: certificateFile, keyFile: keyFile, reloadInterval: reloadInterval, logger: logger)
        } catch {
            throw UsageError("\(error.path == keyFile ? "tls-key-file" : "tls-certificate-file"): \(error)")
        }
    }
}
