package import HTTPTypes
package import HubProtocol
import HubServer

extension HubAccess {
    /// Lets a connected client go on as what its newer token says (`POST PATH/refresh?id=TOKEN`). The user that sends
    /// name stays the same: connection tokens are bound to it.
    package func refresh(_ request: HTTPRequest) async -> (status: HTTPResponse.Status, body: RefreshResponse) {
        do {
            return (.ok, .refreshed(tokenLifetimeSeconds: try await refreshed(request)))
        } catch {
            return (error.status, .error(error))
        }
    }

    /// - Returns: How long the new token is good, in seconds.
    private func refreshed(_ request: HTTPRequest) async throws(RefreshError) -> Int? {
        guard security.enablesAuthenticationRefresh else { throw .refreshDisabled }
        guard let token = RequestTarget(request.path ?? "").value("id") else { throw .missingConnectionToken }
        let identity: HubIdentity
        do {
            identity = try await identify(request)
        } catch {
            throw error == .unauthorized ? .invalidToken : .permissionChangeRejected
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
            case nil: throw .unavailable
            }
        }
    }
}

extension HubIdentity {
    /// For how long clients may show the same token, in whole seconds.
    var lifetimeSeconds: Int? { expiration.map { Int(max(0, ($0 - .now).components.seconds)) } }
}

extension RefreshError {
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
