import HubBackplane
import HubServer

/// What a token's claims must say. A value without clock or I/O.
struct JWTRules: Sendable {
    private let issuers: [String]
    private let audiences: Set<String>
    private let skew: Double
    private let requiresExpiration: Bool

    init(_ options: JWTBearerOptions) {
        issuers = options.validIssuers
        audiences = Set(options.validAudiences)
        skew = Double(options.clockSkew.milliseconds) / 1000
        requiresExpiration = options.requiresExpirationTime
    }

    /// Whether the claims are believed.
    ///
    /// - Parameters:
    ///   - keyIssuer: For whom the key signs, where its publisher says so.
    ///   - now: Seconds since 1970.
    func allow(_ claims: JWTClaims, keyIssuer: String?, now: Double) -> Bool {
        isTimely(claims, now: now) && isOfIssuer(claims, keyIssuer: keyIssuer)
            && (audiences.isEmpty || !audiences.isDisjoint(with: claims.strings("aud")))
    }

    private func isTimely(_ claims: JWTClaims, now: Double) -> Bool {
        // One that is there and no date is not to be taken for one that is not there.
        if claims["nbf"] != nil {
            guard let start = claims.date("nbf"), now + skew >= start else { return false }
        }
        guard claims["exp"] != nil else { return !requiresExpiration }
        guard let end = claims.date("exp") else { return false }
        return now < end + skew
    }

    private func isOfIssuer(_ claims: JWTClaims, keyIssuer: String?) -> Bool {
        let issuer = claims.string("iss")
        let tenant = claims.string("tid").flatMap { Self.isTenant($0) ? $0 : nil }
        if !issuers.isEmpty {
            guard let issuer, issuers.contains(where: { Self.fill($0, with: tenant) == issuer }) else { return false }
        }
        guard let keyIssuer else { return true }
        guard let issuer else { return false }
        let expected = Self.fill(keyIssuer, with: tenant)
        return expected == issuer || expected == Self.version2(of: issuer, tenant: tenant)
    }

    private static let tenantTemplate = "{tenantid}"

    /// A template that no tenant is known for fits nothing.
    private static func fill(_ template: String, with tenant: String?) -> String? {
        guard template.contains(tenantTemplate) else { return template }
        return tenant.map { template.replacing(tenantTemplate, with: $0) }
    }

    /// Microsoft Entra ID signs tokens of version 1 with the keys that it publishes for version 2.
    private static func version2(of issuer: String, tenant: String?) -> String? {
        guard let tenant, issuer == "https://sts.windows.net/\(tenant)/" else { return nil }
        return "https://login.microsoftonline.com/\(tenant)/v2.0"
    }

    /// A tenant's id is a GUID; anything else could make an issuer's name into that of another.
    private static func isTenant(_ text: String) -> Bool {
        text.utf8.count == 36 && text.allSatisfy { $0.isASCII && ($0.isHexDigit || $0 == "-") }
    }
}
