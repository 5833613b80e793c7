import Logging

/// Authenticates an application as variables say: `AZURE_TENANT_ID` and `AZURE_CLIENT_ID` with either
///
/// * `AZURE_CLIENT_SECRET`, which goes first, or
/// * `AZURE_CLIENT_CERTIFICATE_PATH`, perhaps with `AZURE_CLIENT_CERTIFICATE_PASSWORD` and
///   `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN` (`1` or `true`).
///
/// Without them it is unavailable. User names with passwords are not supported: Entra has deprecated that.
public struct EnvironmentCredential: TokenCredential {
    private let credential: any TokenCredential

    static let name = "EnvironmentCredential"

    /// - Throws: ``CredentialConfigurationError`` when what the variables name cannot be used.
    public init(options: TokenCredentialOptions = .init()) throws(CredentialConfigurationError) {
        guard let tenantID = options.variable("AZURE_TENANT_ID"), let clientID = options.variable("AZURE_CLIENT_ID")
        else {
            credential = Self.unavailable
            return
        }
        if let secret = options.variable("AZURE_CLIENT_SECRET") {
            credential = try ClientSecretCredential(
                tenantID: tenantID, clientID: clientID, clientSecret: secret, options: options)
        } else if let path = options.variable("AZURE_CLIENT_CERTIFICATE_PATH") {
            credential = try ClientCertificateCredential(
                tenantID: tenantID, clientID: clientID, certificatePath: path,
                password: options.variable("AZURE_CLIENT_CERTIFICATE_PASSWORD"),
                sendsCertificateChain: ["1", "true"].contains(
                    options.variable("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")?.lowercased()),
                options: options)
        } else {
            credential = Self.unavailable
        }
    }

    public func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        try await credential.getToken(context)
    }

    private static let unavailable = UnavailableCredential(
        name: name,
        reason: "not configured: set AZURE_TENANT_ID and AZURE_CLIENT_ID with AZURE_CLIENT_SECRET or "
            + "AZURE_CLIENT_CERTIFICATE_PATH.")
}
