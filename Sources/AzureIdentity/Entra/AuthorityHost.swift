import FoundationEssentials

/// The hosts of Microsoft Entra ID in Azure's clouds.
public enum AzureAuthorityHosts {
    /// What is taken where nothing else is said.
    public static let azurePublicCloud = "login.microsoftonline.com"
    /// Of the United States.
    public static let azureGovernment = "login.microsoftonline.us"
    /// Operated by 21Vianet.
    public static let azureChina = "login.chinacloudapi.cn"
}

/// Where Entra is asked for tokens: an https URL without a slash at its end.
struct AuthorityHost: Sendable, Hashable {
    let url: String

    /// - Throws: ``CredentialConfigurationError`` unless the text is a host or an https URL: secrets are sent there.
    init(options: TokenCredentialOptions, credential: String) throws(CredentialConfigurationError) {
        let text =
            (options.authorityHost ?? options.variable("AZURE_AUTHORITY_HOST") ?? AzureAuthorityHosts.azurePublicCloud)
            .trimmed
        let full = text.contains("://") ? text : "https://\(text)"
        guard let url = URL(string: full), url.scheme?.lowercased() == "https", url.host()?.isEmpty == false,
            url.user() == nil, url.query() == nil, url.fragment() == nil
        else {
            throw CredentialConfigurationError(
                credential: credential, reason: "the authority must be a host or an https URL (AZURE_AUTHORITY_HOST).")
        }
        self.url = full.withoutTrailingSlashes
    }

    /// Entra's token endpoint, version 2.
    func tokenEndpoint(tenant: String) -> String { "\(url)/\(tenant)/oauth2/v2.0/token" }
}
