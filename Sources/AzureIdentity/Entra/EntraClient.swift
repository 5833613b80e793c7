import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1

/// Entra's token endpoint, as a service principal asks it (OAuth's client credentials grant).
struct EntraClient: Sendable {
    /// By what the principal proves who it is.
    enum Proof: Sendable {
        case secret(String)
        /// A signed JWT (RFC 7523, section 2.2).
        case assertion(String)
    }

    let credential: String
    let clientID: String
    let tenant: Tenant
    let authority: AuthorityHost
    let transport: any IdentityTransport
    let options: TokenCredentialOptions

    /// - Throws: ``CredentialConfigurationError``.
    init(
        credential: String, tenantID: String, clientID: String, options: TokenCredentialOptions
    ) throws(CredentialConfigurationError) {
        self.credential = credential
        self.clientID = clientID
        tenant = try Tenant(tenantID, options: options, credential: credential)
        guard !tenantID.isEmpty, !clientID.isEmpty else {
            throw CredentialConfigurationError(credential: credential, reason: "needs a tenant id and a client id.")
        }
        authority = try AuthorityHost(options: options, credential: credential)
        transport = options.makeTransport()
        self.options = options
    }

    /// - Parameter proof: Made for the token endpoint that it is given.
    /// - Throws: ``AuthenticationFailedError``, `CancellationError`, or what `proof` throws.
    func token(
        for context: TokenRequestContext, proof: @Sendable (_ endpoint: String) throws -> Proof
    ) async throws -> AccessToken {
        let scopes = try Scopes(context.scopes, credential: credential)
        let endpoint = authority.tokenEndpoint(tenant: try tenant.resolve(context.tenantID, credential: credential))
        let proof = try proof(endpoint)
        let redaction = Redaction(secrets: [proof.secret, proof.secret.percentEncoded])
        var request = IdentityRequest(method: .POST, url: endpoint, timeout: options.requestTimeout)
        request.form = form(scopes, proof, claims: try claims(context))
        let response: IdentityResponse
        do {
            response = try await transport.send(request, retrying: .entra, clock: options.clock)
        } catch let failure as TransportFailure {
            throw AuthenticationFailedError(credential: credential, reason: "Entra gave no token: \(failure).")
        }
        options.logger.debug(
            "Entra answered", metadata: ["credential": "\(credential)", "status": "\(response.status)"])
        guard response.isSuccess else { throw refusal(response, redaction) }
        guard let token = EntraToken(body: response.body.readableBytesView)?.accessToken(now: options.clock.now())
        else {
            throw AuthenticationFailedError(credential: credential, reason: "Entra's answer is not a token.")
        }
        return token
    }

    private func claims(_ context: TokenRequestContext) throws(AuthenticationFailedError) -> String? {
        do {
            return try ClaimsRequest.merge(challenge: context.claims, isCAEEnabled: context.isCAEEnabled)
        } catch {
            throw AuthenticationFailedError(credential: credential, reason: "the claims are not a JSON object.")
        }
    }

    private func form(_ scopes: Scopes, _ proof: Proof, claims: String?) -> [(name: String, value: String)] {
        var form = [("client_id", clientID), ("grant_type", "client_credentials")]
        switch proof {
        case .secret(let secret): form.append(("client_secret", secret))
        case .assertion(let assertion):
            form.append(("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))
            form.append(("client_assertion", assertion))
        }
        form.append(("scope", scopes.values.joined(separator: " ")))
        if let claims { form.append(("claims", claims)) }
        return form.map { (name: $0.0, value: $0.1) }
    }

    private func refusal(_ response: IdentityResponse, _ redaction: Redaction) -> AuthenticationFailedError {
        guard let error = EntraErrorResponse(body: response.body.readableBytesView, redaction: redaction) else {
            return AuthenticationFailedError(
                credential: credential, reason: "Entra answered with status \(response.status).")
        }
        let description = error.errorDescription.isEmpty ? error.error : error.errorDescription
        return AuthenticationFailedError(
            credential: credential, reason: "Entra gave no token: \(description)", response: error)
    }
}

extension EntraClient.Proof {
    fileprivate var secret: String {
        switch self {
        case .secret(let secret): secret
        case .assertion(let assertion): assertion
        }
    }
}

extension RetrySchedule {
    /// Entra also says `temporarily_unavailable` with a status of 400.
    fileprivate static let entra = RetrySchedule(
        retries: standard.retries,
        mayRetry: { response in
            standard.mayRetry(response)
                || EntraErrorResponse(body: response.body.readableBytesView, redaction: Redaction())?.error
                    == "temporarily_unavailable"
        },
        baseDelay: standard.baseDelay)
}

/// A token as Entra answers it.
private struct EntraToken: Decodable {
    let accessToken: String
    let tokenType: String?
    let expiresIn: LenientNumber
    /// From when on it may be replaced, of long-lived tokens.
    let refreshIn: LenientNumber?

    enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case tokenType = "token_type"
        case expiresIn = "expires_in"
        case refreshIn = "refresh_in"
    }

    init?(body: some Collection<UInt8>) {
        guard let token = try? JSONDecoder().decode(EntraToken.self, from: Data(body)) else { return nil }
        self = token
    }

    func accessToken(now: Date) -> AccessToken? {
        guard accessToken.isBearerToken else { return nil }
        return AccessToken(
            token: accessToken, expiresOn: now + expiresIn.value, refreshOn: refreshIn.map { now + $0.value },
            tokenType: tokenType ?? "Bearer")
    }
}
