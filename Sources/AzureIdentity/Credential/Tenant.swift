/// Which tenants a credential may authenticate in.
struct Tenant: Sendable, Hashable {
    /// The credential's own, empty where it has none.
    let id: String
    /// Others that a request may name; `*` stands for all.
    let additionallyAllowed: [String]
    /// Whether `AZURE_IDENTITY_DISABLE_MULTITENANTAUTH` is set: then requests get the credential's own tenant whatever they name.
    let isOnlyOne: Bool

    /// - Throws: ``CredentialConfigurationError`` when the tenant has characters that no tenant has.
    init(_ id: String, options: TokenCredentialOptions, credential: String) throws(CredentialConfigurationError) {
        guard id.isEmpty || Self.isTenant(id) else {
            throw CredentialConfigurationError(credential: credential, reason: "the tenant id is none.")
        }
        self.id = id
        additionallyAllowed = options.allowedTenants
        isOnlyOne = options.variable("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH") != nil
    }

    /// The tenant that a request is for.
    func resolve(_ requested: String?, credential: String) throws(AuthenticationFailedError) -> String {
        guard let requested, requested != id else { return id }
        guard Self.isTenant(requested) else {
            throw AuthenticationFailedError(credential: credential, reason: "the tenant id of the request is none.")
        }
        if isOnlyOne || id == "adfs" { return id }
        if id.isEmpty || additionallyAllowed.contains("*") || additionallyAllowed.contains(requested) {
            return requested
        }
        throw AuthenticationFailedError(
            credential: credential,
            reason:
                "is not configured to get tokens in tenant \(requested): name it, or *, in additionallyAllowedTenants.")
    }

    static func isTenant(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256 && text.utf8.first != UInt8(ascii: "-")
            && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "-.".utf8.contains($0) }
    }
}
