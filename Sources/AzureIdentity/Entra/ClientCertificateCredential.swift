/// Authenticates an application with a certificate that is registered with it.
public struct ClientCertificateCredential: TokenCredential {
    private let tokens: TokenCache

    static let name = "ClientCertificateCredential"
    private static let maximumFile = 1024 * 1024

    /// - Parameters:
    ///   - tenantID: The application's tenant ("directory") id.
    ///   - clientID: The application's client id.
    ///   - certificatePath: A file with the certificate and its RSA key, PEM or PKCS#12.
    ///   - password: Of the key or the bundle, if it has one.
    ///   - sendsCertificateChain: Whether the chain goes along, as authentication by subject name and issuer demands.
    /// - Throws: ``CredentialConfigurationError``, also when the file cannot be read.
    public init(
        tenantID: String, clientID: String, certificatePath: String, password: String? = nil,
        sendsCertificateChain: Bool = false, options: TokenCredentialOptions = .init()
    ) throws(CredentialConfigurationError) {
        let bytes: [UInt8]
        do {
            bytes = try SmallFile(path: certificatePath, limit: Self.maximumFile).read()
        } catch {
            throw CredentialConfigurationError(
                credential: Self.name, reason: "the certificate's file \(certificatePath) \(error).")
        }
        try self.init(
            tenantID: tenantID, clientID: clientID, certificate: bytes, password: password,
            sendsCertificateChain: sendsCertificateChain, options: options)
    }

    /// - Parameter certificate: The certificate and its RSA key, PEM or PKCS#12.
    /// - Throws: ``CredentialConfigurationError``.
    public init(
        tenantID: String, clientID: String, certificate: [UInt8], password: String? = nil,
        sendsCertificateChain: Bool = false, options: TokenCredentialOptions = .init()
    ) throws(CredentialConfigurationError) {
        let client = try EntraClient(credential: Self.name, tenantID: tenantID, clientID: clientID, options: options)
        let assertion: ClientAssertion
        do {
            assertion = ClientAssertion(
                certificate: try ClientCertificate(certificate, password: password), clientID: clientID,
                sendsChain: sendsCertificateChain)
        } catch {
            throw CredentialConfigurationError(
                credential: Self.name, reason: "the certificate cannot be used: \(error.reason)")
        }
        tokens = TokenCache(clock: options.clock) { context in
            try await client.token(for: context) { endpoint in
                .assertion(try assertion.signed(audience: endpoint, now: options.clock.now()))
            }
        }
    }

    public func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        try await tokens.token(for: context)
    }
}
