import NIOCore
import NIOHTTP1

/// One of the ways in which Azure gives a host the tokens of its identity.
protocol ManagedIdentitySource: Sendable {
    /// As errors and logs call it.
    static var name: String { get }

    /// - Throws: ``ManagedIdentityFailure``, ``TransportFailure`` or `CancellationError`.
    func token(resource: String, isChained: Bool) async throws -> AccessToken
}

/// Why a source gave no token.
enum ManagedIdentityFailure: Error, Hashable {
    /// This host has no such identity, or no such source.
    case unavailable(String)
    /// The source is there and does not work.
    case failed(String)
}

/// What all sources need.
struct ManagedIdentityEndpoint: Sendable {
    let transport: any IdentityTransport
    let identity: ManagedIdentityID
    let options: TokenCredentialOptions

    var clock: IdentityClock { options.clock }

    func send(_ request: IdentityRequest, retrying schedule: RetrySchedule = .standard) async throws -> IdentityResponse
    {
        try await transport.send(request, retrying: schedule, clock: clock)
    }

    func get(
        _ endpoint: String, apiVersion: String, resource: String, headers: [(String, String)],
        identity: [(name: String, value: String)]
    ) -> IdentityRequest {
        var request = IdentityRequest.get(
            endpoint,
            query: [(name: "api-version", value: apiVersion), (name: "resource", value: resource)] + identity,
            timeout: options.requestTimeout)
        for (name, value) in headers {
            request.headers.add(name: name, value: value)
        }
        return request
    }

    /// The token in an answer; an answer that is an error makes the credential unavailable, one that cannot be read fails it.
    ///
    /// - Parameters:
    ///   - secrets: What must not be told of it.
    ///   - confirms: Whether the token is of the identity that was asked for.
    ///   - unreadable: What an answer is that nobody would expect of the source.
    func token(
        in response: IdentityResponse, secrets: [String] = [],
        confirms: (ManagedIdentityAnswer) -> Bool = { _ in true },
        orElse unreadable: (String) -> ManagedIdentityFailure = ManagedIdentityFailure.failed
    ) throws(ManagedIdentityFailure) -> AccessToken {
        guard let answer = ManagedIdentityAnswer(body: response.body.readableBytesView) else {
            throw unreadable("its answer (status \(response.status)) cannot be read.")
        }
        guard response.isSuccess, let token = answer.accessToken else {
            throw .unavailable(
                "gave no token (status \(response.status)): \(answer.problem(Redaction(secrets: secrets)))")
        }
        guard let accessToken = answer.token(token, now: clock.now()) else {
            throw unreadable("its answer is not a token that ends at a time.")
        }
        guard confirms(answer) else {
            throw .failed("gave a token of another identity than the one that was asked for.")
        }
        return accessToken
    }
}
