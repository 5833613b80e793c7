/// Which tokens are believed (ASP.NET's `JwtBearerOptions` and `TokenValidationParameters`).
///
/// A token is a JSON Web Token (RFC 7519) signed with HS256, RS256 or ES256. At least one key, or a ``keySetURL``, must be
/// given.
///
/// ```swift
/// var options = JWTBearerOptions(signingKeys: [.publicKey(pem: pem)])
/// options.validIssuers = ["https://login.example.com"]
/// options.validAudiences = ["chat"]
/// ```
public struct JWTBearerOptions: Sendable {
    /// A key that is there from the start.
    public enum SigningKey: Sendable {
        /// A secret that the issuer has, too, of at least 32 bytes: for HS256.
        case secret([UInt8])
        /// The same, where it may be replaced.
        case rotatingSecret(RotatingSecret)
        /// One or several public keys or certificates in PEM form: RSA with at least 2,048 bits for RS256, or P-256 for
        /// ES256.
        case publicKey(pem: String)
    }

    /// Keys that are there from the start.
    public var signingKeys: [SigningKey]

    /// Where the issuer publishes its keys as a JSON Web Key Set (RFC 7517); `https`, or `http` on this machine. Redirects
    /// are not followed.
    ///
    /// The keys are kept and read again from time to time. A token that names a key not among them makes them be read
    /// again at once, since issuers change their keys.
    public var keySetURL: String?

    /// Issuers (`iss`) whose tokens are believed; any where empty. `{tenantid}` in one stands for the token's `tid`.
    public var validIssuers: [String] = []

    /// Audiences (`aud`) of which a token must name one; any where empty. Without one, tokens that were given to other
    /// applications of the same issuer are believed, too.
    public var validAudiences: [String] = []

    /// How far the issuer's clock may be off.
    public var clockSkew: Duration = .seconds(300)

    /// Whether a token must say when it expires.
    public var requiresExpirationTime = true

    /// How long published keys are used before they are read again.
    public var keySetRefreshInterval: Duration = .seconds(12 * 3600)

    /// The shortest time between two readings of published keys, whatever tokens name.
    public var keySetMinimumRefreshInterval: Duration = .seconds(30)

    /// Creates options.
    ///
    /// - Parameters:
    ///   - signingKeys: Keys that are there from the start.
    ///   - keySetURL: Where the issuer publishes its keys.
    public init(signingKeys: [SigningKey] = [], keySetURL: String? = nil) {
        self.signingKeys = signingKeys
        self.keySetURL = keySetURL
    }

    /// Options for tokens of Microsoft Entra ID, in both of their versions: those of version 1 come from
    /// `https://sts.windows.net/TENANT/`, those of version 2 from `https://login.microsoftonline.com/TENANT/v2.0`.
    ///
    /// - Parameters:
    ///   - tenantID: The directory; `common` or `organizations` believes tokens of every one.
    ///   - clientID: The application's id; tokens for `api://CLIENTID` are taken, too.
    ///   - authority: Where the directory is served.
    public static func entraID(
        tenantID: String, clientID: String, authority: String = "https://login.microsoftonline.com"
    ) -> JWTBearerOptions {
        let isAnyTenant = ["common", "organizations"].contains(tenantID.lowercased())
        let tenant = isAnyTenant ? "{tenantid}" : tenantID
        var options = JWTBearerOptions(keySetURL: "\(authority)/\(tenantID)/discovery/v2.0/keys")
        options.validIssuers = ["\(authority)/\(tenant)/v2.0", "https://sts.windows.net/\(tenant)/"]
        options.validAudiences = [clientID, "api://\(clientID)"]
        return options
    }
}

/// An option of ``JWTBearerOptions`` that cannot be used.
public struct JWTBearerOptionsError: Error, Hashable, CustomStringConvertible {
    /// Which one.
    public enum Part: Hashable, Sendable {
        case secret
        case publicKey
        case keySetURL
        /// There is no key at all.
        case keys
    }

    /// Which option it is.
    public let part: Part
    /// What is wrong, without the option's value.
    public let description: String

    package init(_ part: Part, _ description: String) {
        self.part = part
        self.description = description
    }
}
