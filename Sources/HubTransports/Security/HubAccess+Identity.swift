package import HTTPTypes
package import HubServer

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension HubAccess {
    /// Who sends a request, if the hub is for them. Nothing else of a request is looked at, let alone answered, before.
    ///
    /// - Parameter peer: Where its connection comes from.
    /// - Throws: ``HubRefusal``: 401 and 403 with empty bodies, as clients' tests compare them.
    package func identify(_ request: HTTPRequest, peer: String?) async throws(HubRefusal) -> HubIdentity {
        guard isOfAllowedOrigin(request, peer: peer) else { throw .originNotAllowed }
        let identity = try await authenticate(request)
        guard let policy = endpoint.authorization else { return identity }
        guard identity.user != nil else { throw .unauthorized }
        guard await policy.allows(identity.user) else { throw .forbidden }
        return identity
    }

    /// The same without waiting: nil where it has to be waited, and where the request is refused.
    package func identifyNow(_ request: HTTPRequest, peer: () -> String?) -> HubIdentity? {
        guard endpoint.authorization == nil, isOfAllowedOrigin(request, peer: peer()) else { return nil }
        return security.authenticator?.mayAuthenticate(request) ?? false ? nil : .anonymous
    }

    private func isOfAllowedOrigin(_ request: HTTPRequest, peer: @autoclosure () -> String?) -> Bool {
        origins.allows(request, scheme: security.trustedProxies.scheme(of: request, peer: peer()))
    }

    /// A client that is not believed is nobody: it depends on the hub, and on whose connection it asks for, whether that is
    /// enough.
    private func authenticate(_ request: HTTPRequest) async throws(HubRefusal) -> HubIdentity {
        switch await security.authenticator?.authenticate(request) {
        case nil, .some(.none):
            return .anonymous
        case .failed:
            return .disbelieved
        case .unavailable:
            throw .authenticationUnavailable
        case .succeeded(let user, let expiration):
            return identity(user, expiration: expiration)
        }
    }

    /// What a client is told whose token names no connection of its own. One whose credentials have expired, say, is told
    /// that: clients get new ones and ask again, while after 404 they give the connection up.
    func refusalOfUnknownConnection(_ identity: HubIdentity) -> HubRefusal {
        identity.isDisbelieved ? .unauthorized : .unknownConnection
    }

    func identity(_ user: ClaimsPrincipal, expiration: Double?) -> HubIdentity {
        HubIdentity(
            user: user, userID: security.userID(user),
            expiration: expiration.map { seconds in
                // As far as anybody will wait: a date may be any number.
                .now + .seconds(min(max(seconds - Date().timeIntervalSince1970, 0), 1e9))
            }, closesOnExpiration: security.closesOnAuthenticationExpiration)
    }
}
