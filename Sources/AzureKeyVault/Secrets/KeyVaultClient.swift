public import AzureIdentity
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Reads secrets of Azure Key Vault (its REST API, version 7.4).
public final class KeyVaultClient: Sendable {
    private static let apiVersion = "7.4"

    private let credential: any TokenCredential
    private let transport: any IdentityTransport
    private let options: TokenCredentialOptions
    /// The tenants that vaults have said to belong to, where that is not the credential's own.
    private let tenants = Mutex<[String: String]>([:])

    /// - Parameters:
    ///   - credential: Gives the tokens that vaults are shown.
    ///   - options: How connections are secured, how long requests take, what is logged.
    public init(credential: any TokenCredential, options: TokenCredentialOptions = .init()) {
        self.credential = credential
        self.options = options
        transport = options.makeTransport()
    }

    /// Reads a secret.
    ///
    /// - Parameter retries: How often at most a vault is asked again that is throttling or has a fault: after 1, 2, 4 … seconds, or
    ///   when it says, if that is within a minute.
    /// - Throws: ``KeyVaultError`` or `CancellationError`.
    public func secret(_ reference: KeyVaultSecretReference, retries: Int = 3) async throws -> KeyVaultSecret {
        let tenantID = tenants.withLock { $0[reference.host] }
        var response = try await send(reference, tenantID: tenantID, retries: retries)
        if response.status == 401, let challenge = KeyVaultChallenge(response.headers) {
            guard challenge.isMeant(for: reference.host) else {
                throw KeyVaultError(.unauthorized, "the vault wants a token that is meant for other hosts than itself")
            }
            let other = challenge.tenantID ?? tenantID
            if other != tenantID || challenge.claims != nil {
                response = try await send(reference, tenantID: other, claims: challenge.claims, retries: retries)
            }
            if response.isSuccess { tenants.withLock { $0[reference.host] = other } }
        }
        guard response.isSuccess else { throw KeyVaultError(response) }
        guard let secret = KeyVaultSecret(body: response.body.readableBytesView) else {
            throw KeyVaultError(.unreadable, "the vault's answer is no secret, or an empty one")
        }
        return secret
    }

    private func send(
        _ reference: KeyVaultSecretReference, tenantID: String?, claims: String? = nil, retries: Int
    ) async throws -> IdentityResponse {
        var request = IdentityRequest(
            url: reference.url(apiVersion: Self.apiVersion), timeout: options.requestTimeout)
        let token = try await token(
            TokenRequestContext(scopes: [reference.scope], tenantID: tenantID, claims: claims, isCAEEnabled: true))
        request.headers.add(name: "authorization", value: "Bearer \(token)")
        do {
            let schedule = RetrySchedule(
                retries: retries, mayRetry: RetrySchedule.standard.mayRetry, baseDelay: { _ in .seconds(1) })
            let response = try await transport.send(request, retrying: schedule, clock: options.clock)
            options.logger.debug(
                "Key Vault answered", metadata: ["vault": "\(reference.host)", "status": "\(response.status)"])
            return response
        } catch let failure as TransportFailure {
            throw KeyVaultError(.unavailable, "\(failure)")
        }
    }

    private func token(_ context: TokenRequestContext) async throws -> String {
        do {
            return try await credential.getToken(context).token
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let lines = "\(error)".split { $0.isNewline }.map { $0.drop { $0.isWhitespace } }
            throw KeyVaultError(.noToken, "there is no token for the vault: \(lines.joined(separator: "; "))")
        }
    }
}
