public import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
public import ServiceLifecycle

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A certificate and its private key, in files that are read again when they change.
///
/// It is a service: run it in a `ServiceGroup`. New connections get the new certificate, those that are open stay as they
/// are. Files that do not fit each other, as while they are being replaced, are passed over until they do.
public final class TLSCertificateFiles: Service, Sendable {
    /// The files as they were last seen, and what they made when they last were good.
    private struct State {
        var contents: Contents
        var context: NIOSSLContext
    }

    private struct Contents: Equatable {
        let certificate: Data
        let key: Data
    }

    /// A file that cannot be used.
    public struct InvalidFile: Error, Hashable, CustomStringConvertible {
        /// The path of the file.
        public let path: String
        /// What is wrong with it; nothing of what is in it.
        public let reason: String

        public var description: String { "\(path) \(reason)" }
    }

    private let certificatePath: String
    private let keyPath: String
    private let interval: Duration
    private let logger: Logger
    private let state: NIOLockedValueBox<State>

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - certificateFile: The certificate in PEM form, followed by those between it and its root.
    ///   - keyFile: The certificate's private key in PEM form.
    ///   - reloadInterval: How often the files are looked at.
    ///   - logger: Told when files were read again, and when they cannot be used.
    /// - Throws: ``InvalidFile`` for a file that cannot be used.
    public init(
        certificateFile: String, keyFile: String, reloadInterval: Duration = .seconds(10), logger: Logger
    ) throws(InvalidFile) {
        certificatePath = certificateFile
        keyPath = keyFile
        interval = reloadInterval
        self.logger = logger
        let contents = try Self.read(certificateFile, keyFile)
        let context = try Self.context(of: contents, certificateFile, keyFile)
        state = NIOLockedValueBox(State(contents: contents, context: context))
    }

    /// What new connections are served with.
    var context: NIOSSLContext { state.withLockedValue { $0.context } }

    /// Looks at the files from time to time.
    public func run() async throws {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                try await cancelWhenGracefulShutdown { [interval] in try await Task.sleep(for: interval) }
            } catch {
                return
            }
            // Reading may take its time: not on an event loop.
            try? await NIOThreadPool.singleton.runIfActive { self.readAgain() }
        }
    }

    private func readAgain() {
        do throws(InvalidFile) {
            let contents = try Self.read(certificatePath, keyPath)
            guard contents != state.withLockedValue({ $0.contents }) else { return }
            // Looked at once only, be they good or not.
            state.withLockedValue { $0.contents = contents }
            let context = try Self.context(of: contents, certificatePath, keyPath)
            state.withLockedValue { $0.context = context }
            logger.info("The certificate was read again", metadata: ["file": "\(certificatePath)"])
        } catch {
            logger.warning(
                "The certificate on disk cannot be used, the one before stays",
                metadata: ["file": "\(error.path)", "reason": "\(error.reason)"])
        }
    }

    private static func read(_ certificatePath: String, _ keyPath: String) throws(InvalidFile) -> Contents {
        Contents(certificate: try contents(of: certificatePath), key: try contents(of: keyPath))
    }

    private static func contents(of path: String) throws(InvalidFile) -> Data {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw InvalidFile(path: path, reason: "cannot be read")
        }
        return data
    }

    private static func context(
        of contents: Contents, _ certificatePath: String, _ keyPath: String
    ) throws(InvalidFile) -> NIOSSLContext {
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(Array(contents.certificate)), !chain.isEmpty else {
            throw InvalidFile(path: certificatePath, reason: "is no certificate in PEM form")
        }
        guard let key = try? NIOSSLPrivateKey(bytes: Array(contents.key), format: .pem) else {
            throw InvalidFile(path: keyPath, reason: "is no private key in PEM form")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw InvalidFile(path: keyPath, reason: "is not the key of the certificate in \(certificatePath)")
        }
    }
}
