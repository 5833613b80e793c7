/// Service Fabric, whose nodes are known by the thumbprint of their certificate. The identity is that of the service: none can be
/// asked for.
struct ServiceFabricSource: ManagedIdentitySource {
    static let name = "Service Fabric"

    let endpoint: ManagedIdentityEndpoint
    let url: String
    let secret: String
    let thumbprint: String

    func token(resource: String, isChained: Bool) async throws -> AccessToken {
        guard endpoint.identity == .systemAssigned else {
            throw ManagedIdentityFailure.failed(
                "takes no user-assigned identity; which one it is, the cluster's configuration says.")
        }
        guard let pinned = PinnedTransport(thumbprint: thumbprint) else {
            throw ManagedIdentityFailure.failed("IDENTITY_SERVER_THUMBPRINT is not a SHA-1 thumbprint.")
        }
        let request = endpoint.get(
            url, apiVersion: "2019-07-01-preview", resource: resource, headers: [("Secret", secret)], identity: [])
        let response = try await pinned.send(request, retrying: .standard, clock: endpoint.clock)
        return try endpoint.token(in: response, secrets: [secret])
    }
}
