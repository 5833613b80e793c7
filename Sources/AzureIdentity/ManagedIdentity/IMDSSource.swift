import NIOCore
import Synchronization

/// The instance metadata service of virtual machines and their scale sets, and of whatever mimics it
/// (`AZURE_POD_IDENTITY_AUTHORITY_HOST`).
final class IMDSSource: ManagedIdentitySource {
    static let name = "IMDS"

    private let endpoint: ManagedIdentityEndpoint
    private let url: String
    private let probes: Bool
    /// Whether something answers there.
    private let isThere: Mutex<Bool>

    /// - Parameter probes: Whether a chain first looks whether anything is there, as machines that are none of Azure's have
    ///   nothing at that address and their requests would hang.
    init(_ endpoint: ManagedIdentityEndpoint, probes: Bool) {
        self.endpoint = endpoint
        self.probes = probes
        let host = endpoint.options.variable("AZURE_POD_IDENTITY_AUTHORITY_HOST")
        url = (host ?? "http://169.254.169.254").trimmed.withoutTrailingSlashes + "/metadata/identity/oauth2/token"
        isThere = Mutex(host != nil)
    }

    func token(resource: String, isChained: Bool) async throws -> AccessToken {
        if isChained, probes, !isThere.withLock({ $0 }) {
            try await probe(resource)
            isThere.withLock { $0 = true }
        }
        let response: IdentityResponse
        do {
            response = try await endpoint.send(request(resource, headers: [("Metadata", "true")]), retrying: .imds)
        } catch is TransportFailure {
            throw ManagedIdentityFailure.unavailable("no response from the IMDS endpoint.")
        }
        // What answers otherwise is something else than IMDS, a proxy for one.
        return try endpoint.token(in: response, orElse: ManagedIdentityFailure.unavailable)
    }

    /// Without the header, so that IMDS refuses it at once; any answer will do.
    private func probe(_ resource: String) async throws {
        var request = request(resource, headers: [])
        request.timeout = .seconds(1)
        let response: IdentityResponse
        do {
            response = try await endpoint.send(request, retrying: .none)
        } catch is TransportFailure {
            throw ManagedIdentityFailure.unavailable("no response from the IMDS endpoint.")
        }
        // Docker Desktop answers for hosts that it cannot reach.
        if response.status == 403, String(buffer: response.body).contains("unreachable") {
            throw ManagedIdentityFailure.unavailable("the IMDS endpoint is unreachable.")
        }
    }

    private func request(_ resource: String, headers: [(String, String)]) -> IdentityRequest {
        endpoint.get(
            url, apiVersion: "2018-02-01", resource: resource, headers: headers, identity: endpoint.identity.query())
    }
}
