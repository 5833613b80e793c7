package import HTTPTypes
package import HubServer
package import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Authenticates by the JSON Web Token that a request carries.
package struct JWTBearerAuthenticator: HubAuthenticator {
    private let rules: JWTRules
    private let configured: ConfiguredKeys
    private let published: JWTKeySetCache?

    /// - Throws: Where an option cannot be used.
    package init(_ options: JWTBearerOptions, logger: Logger) throws(JWTBearerOptionsError) {
        guard !options.signingKeys.isEmpty || options.keySetURL != nil else {
            throw JWTBearerOptionsError(.keys, "no key is given that tokens could be held against")
        }
        if let url = options.keySetURL, !Self.isTrustworthy(url) {
            throw JWTBearerOptionsError(.keySetURL, "the URL must begin with https://, or be one of this machine")
        }
        configured = try ConfiguredKeys(options.signingKeys)
        rules = JWTRules(options)
        published = options.keySetURL.map { JWTKeySetCache(url: $0, options: options, logger: logger) }
    }

    package func mayAuthenticate(_ request: HTTPRequest) -> Bool { request.bearerToken != nil }

    package func authenticate(_ request: HTTPRequest) async -> AuthenticationResult {
        guard let token = request.bearerToken else { return .none }
        guard let header = TokenHeader(of: token) else { return .failed }
        if let result = await resultOfConfigured(token, header) { return result }
        if let published {
            guard let keys = await published.keys(for: header) else { return .unavailable }
            for key in keys {
                if let result = await result(of: token, signedWith: key) { return result }
            }
        }
        // Who signs may have heard of a new secret first.
        guard header.alg == "HS256", await configured.refresh() else { return .failed }
        return await resultOfConfigured(token, header) ?? .failed
    }

    private func resultOfConfigured(_ token: Substring, _ header: TokenHeader) async -> AuthenticationResult? {
        for key in await configured.keys where key.algorithm == header.alg {
            if let result = await result(of: token, signedWith: key) { return result }
        }
        return nil
    }

    /// - Returns: Nil where the key did not sign the token.
    private func result(of token: Substring, signedWith key: JWTVerificationKey) async -> AuthenticationResult? {
        guard let claims = await key.claims(of: token) else { return nil }
        guard rules.allow(claims, keyIssuer: key.issuer, now: Date().timeIntervalSince1970) else { return .failed }
        return .succeeded(claims.principal, expiration: claims.date("exp"))
    }

    /// Whoever could change the keys on their way could sign tokens.
    private static func isTrustworthy(_ url: String) -> Bool {
        guard let url = URL(string: url), let host = url.host() else { return false }
        let isLocal = ["127.0.0.1", "localhost", "::1", "[::1]"].contains(host)
        return url.scheme == "https" || url.scheme == "http" && isLocal
    }
}
