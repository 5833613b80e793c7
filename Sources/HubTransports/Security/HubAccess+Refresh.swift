package import HTTPTypes
package import HubProtocol
import HubServer

extension HubAccess {
    /// Lets a connected client go on as what its newer token says (`POST PATH/refresh?id=TOKEN`). The user that sends
    /// name stays the same: connection tokens are bound to it.
    package func refresh(_ request: HTTPRequest, peer: String?) async -> RefreshAnswer {
        do {
            return RefreshAnswer(
                status: .ok, body: .refreshed(tokenLifetimeSeconds: try await refreshed(request, peer: peer)))
        } catch {
            return RefreshAnswer(status: error.status, body: .error(error))
        }
    }

    /// - Returns: How long the new token is good, in seconds.
    private func refreshed(_ request: HTTPRequest, peer: String?) async throws(RefreshError) -> Int? {
        guard security.enablesAuthenticationRefresh else { throw .refreshDisabled }
        guard let token = RequestTarget(request.path ?? "").value("id") else { throw .missingConnectionToken }
        let identity: HubIdentity
        do {
            identity = try await identify(request, peer: peer)
        } catch {
            refusals.count(error)
            throw RefreshError(error)
        }
        guard identity.user != nil else { throw .invalidToken }
        switch await tokens.read(token, for: audience(identity)) {
        case .unknown:
            throw .connectionNotFound
        case .usable(let id, _), .expired(let id):
            guard id != token else { throw .unsupportedNegotiateVersion }
            switch await endpoint.authenticate(id, as: identity) {
            case .done: return identity.lifetimeSeconds
            case .notFound: throw .connectionNotFound
            case .refused: throw .permissionChangeRejected
            case nil:
                refusals.count(.unavailable)
                throw .unavailable
            }
        }
    }
}

/// What a client that shows a newer token is answered.
package struct RefreshAnswer: Sendable {
    package let status: HTTPResponse.Status
    package let body: RefreshResponse

    package var headers: HTTPFields {
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        if status == .serviceUnavailable { headers[.retryAfter] = "1" }
        return headers
    }
}

extension HubIdentity {
    /// For how long clients may show the same token, in whole seconds.
    var lifetimeSeconds: Int? { expiration.map { Int(max(0, ($0 - .now).components.seconds)) } }
}

extension RefreshError {
    /// The hub is not for whoever shows the token, or it cannot be told now who that is.
    fileprivate init(_ refusal: HubRefusal) {
        self =
            switch refusal.status {
            case .unauthorized: .invalidToken
            case .serviceUnavailable: .unavailable
            default: .permissionChangeRejected
            }
    }

    fileprivate var status: HTTPResponse.Status {
        switch self {
        case .refreshDisabled, .connectionNotFound: .notFound
        case .missingConnectionToken, .unsupportedNegotiateVersion: .badRequest
        case .invalidToken: .unauthorized
        case .permissionChangeRejected: .forbidden
        case .unavailable: .serviceUnavailable
        }
    }
}
