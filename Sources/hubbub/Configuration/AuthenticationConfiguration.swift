import HubHummingbird
import HubServer
import Logging

/// Whose tokens are believed, and who needs one.
struct AuthenticationConfiguration: Sendable {
    /// Nil where tokens are not looked at.
    var bearer: JWTBearerOptions?
    /// The one of `jwt-secret`.
    private(set) var secret: RotatingSecret?
    var isRequired: Bool
    var closesOnExpiration: Bool
    var enablesRefresh: Bool

    init(_ values: OptionValues) throws {
        isRequired = try values.isOn("require-authentication")
        closesOnExpiration = try values.isOn("close-on-authentication-expiration")
        enablesRefresh = try values.isOn("authentication-refresh")
        // HS256 takes none that is shorter than its hash.
        secret = try values.secret("jwt-secret", minimumSize: 32)
        bearer = try Self.entraID(values) ?? Self.keys(values, secret: secret)
        let clockSkew = try values.duration("jwt-clock-skew")
        bearer?.clockSkew = clockSkew
        guard bearer != nil || !(isRequired || closesOnExpiration || enablesRefresh) else {
            let option =
                isRequired
                ? "require-authentication"
                : closesOnExpiration ? "close-on-authentication-expiration" : "authentication-refresh"
            throw UsageError("\(option) needs jwt-secret, jwt-public-key, jwks-url or entra-tenant-id")
        }
    }

    /// - Throws: ``UsageError`` that names the option that cannot be used.
    func apply(to options: inout HTTPHubOptions, logger: Logger) throws {
        options.closesOnAuthenticationExpiration = closesOnExpiration
        options.enablesAuthenticationRefresh = enablesRefresh
        guard let bearer else { return }
        do {
            options.authentication = try .jwtBearer(bearer, logger: logger)
        } catch {
            throw UsageError("\(error.part.option): \(error)")
        }
    }

    private static func entraID(_ values: OptionValues) throws -> JWTBearerOptions? {
        guard values.isGiven("entra-tenant-id") || values.isGiven("entra-client-id") else { return nil }
        for option in ["jwt-secret", "jwt-public-key", "jwks-url", "jwt-issuer", "jwt-audience"] {
            guard !values.isGiven(option) else { throw UsageError("\(option) cannot be given with entra-tenant-id") }
        }
        func id(_ name: String) throws -> String {
            try values.value(name, expected: "an id") { text in
                let isID = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) }
                return isID && !text.isEmpty ? text : nil
            }
        }
        return .entraID(tenantID: try id("entra-tenant-id"), clientID: try id("entra-client-id"))
    }

    private static func keys(_ values: OptionValues, secret: RotatingSecret?) throws -> JWTBearerOptions? {
        var options = JWTBearerOptions(keySetURL: try values.text("jwks-url"))
        if let secret { options.signingKeys.append(.rotatingSecret(secret)) }
        if let pem = try values.text("jwt-public-key") { options.signingKeys.append(.publicKey(pem: pem)) }
        options.validIssuers = try values.list("jwt-issuer")
        options.validAudiences = try values.list("jwt-audience")
        guard !options.signingKeys.isEmpty || options.keySetURL != nil else {
            for option in ["jwt-issuer", "jwt-audience"] where values.isGiven(option) {
                throw UsageError("\(option) needs jwt-secret, jwt-public-key or jwks-url")
            }
            return nil
        }
        // Who publishes keys signs for others, too: their tokens must not be good here.
        for option in ["jwt-issuer", "jwt-audience"] where options.keySetURL != nil && !values.isGiven(option) {
            throw UsageError("\(option) must be given with jwks-url")
        }
        return options
    }
}

extension OptionValues {
    /// The parts of a value that are separated by commas.
    func list(_ name: String) throws -> [String] {
        guard let text = try text(name) else { return [] }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
        guard !parts.contains("") else { throw UsageError("\(name) must be names separated by commas") }
        return parts
    }
}

extension JWTBearerOptionsError.Part {
    /// The option that a part of the configuration came from.
    fileprivate var option: String {
        switch self {
        case .secret, .keys: "jwt-secret"
        case .publicKey: "jwt-public-key"
        case .keySetURL: "jwks-url"
        }
    }
}
