import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// The address that a node listens on, and its certificate.
struct ListenerCheck {
    /// Who has to renew a certificate by hand wants to know it by then.
    private static let notice = 14.0 * 24 * 3600

    let configuration: ServeConfiguration

    func run(_ findings: inout CheckFindings) async {
        await checkPort(&findings)
        if let tls = configuration.tls { checkCertificate(tls, &findings) }
    }

    private func checkPort(_ findings: inout CheckFindings) async {
        let address = "\(configuration.host), port \(configuration.port)"
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: configuration.host, port: configuration.port).get()
            try await channel.close()
            findings.add(.ok, "port", "\(address) can be listened on")
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            findings.add(.warning, "port", "\(address) is in use, by a node perhaps")
        } catch let error as IOError {
            findings.add(.failed, "port", "\(address): \(String(cString: strerror(error.errnoCode)))")
        } catch {
            findings.add(.failed, "port", "\(address): the host is not known here")
        }
    }

    private func checkCertificate(_ tls: TLSConfiguration, _ findings: inout CheckFindings) {
        do {
            _ = try tls.files(logger: Logger(label: "hubbub", factory: { _ in SwiftLogNoOpLogHandler() }))
            let certificate = try NIOSSLCertificate.fromPEMFile(tls.certificateFile).first
            let end = certificate.map { Date(timeIntervalSince1970: Double($0.notValidAfter)) } ?? .distantPast
            let text = "\(tls.certificateFile) ends on \(end.formatted(.iso8601))"
            let rest = end.timeIntervalSinceNow
            findings.add(rest < 0 ? .failed : rest < Self.notice ? .warning : .ok, "certificate", text)
        } catch {
            findings.add(.failed, "certificate", "\(error)")
        }
    }
}
