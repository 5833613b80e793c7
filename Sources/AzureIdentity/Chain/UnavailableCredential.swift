/// The place of a credential that cannot be made of this environment: it says why when it is asked.
struct UnavailableCredential: TokenCredential {
    let name: String
    let reason: String

    func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        throw CredentialUnavailableError(credential: name, reason: reason)
    }
}
