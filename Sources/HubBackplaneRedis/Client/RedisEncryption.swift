import NIOCore
import NIOSSL

/// TLS of a connection to Redis.
struct RedisEncryption: Sendable {
    private let context: NIOSSLContext
    /// Told to the server (SNI), and what its certificate has to be for; of an address the certificate has to be as well.
    private let name: String?

    init(_ configuration: TLSConfiguration, host: String) throws {
        context = try NIOSSLContext(configuration: configuration)
        name = (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
    }

    func addHandler(to channel: any Channel) throws {
        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
    }

    /// What went wrong in the words of whoever runs the server; `nil` where it was nothing of TLS.
    static func failure(_ error: any Error, at redis: RedisConfiguration) -> RedisConnectError? {
        guard error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError else { return nil }
        let text = "\(error)"
        let reason =
            if text.contains("CERTIFICATE_VERIFY_FAILED") {
                "its certificate is not trusted, or is over"
            } else if error is NIOSSLExtraError {
                "its certificate is not one of \(redis.host)"
            } else if text.contains("WRONG_VERSION_NUMBER") {
                "it speaks no TLS there"
            } else if text.contains("CERTIFICATE_REQUIRED") || text.contains("HANDSHAKE_FAILURE") {
                "it wants a certificate of its clients"
            } else {
                text
            }
        return RedisConnectError("no TLS with \(redis): \(reason)")
    }
}
