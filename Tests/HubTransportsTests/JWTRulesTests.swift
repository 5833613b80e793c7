import HubServer
import Testing

@testable import HubTransports

@Suite struct JWTRulesTests {
    private static let now = 1_700_000_000.0
    private static let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"

    private func allows(
        _ claims: [String: JWTClaimValue], keyIssuer: String? = nil,
        _ change: (inout JWTBearerOptions) -> Void = { _ in }
    ) -> Bool {
        var options = JWTBearerOptions()
        change(&options)
        return JWTRules(options).allow(JWTClaims(claims), keyIssuer: keyIssuer, now: Self.now)
    }

    private func times(_ exp: Double?, nbf: Double? = nil) -> [String: JWTClaimValue] {
        var claims: [String: JWTClaimValue] = [:]
        claims["exp"] = exp.map { .number(Self.now + $0) }
        claims["nbf"] = nbf.map { .number(Self.now + $0) }
        return claims
    }

    @Test func tokensAreGoodFromTheirBeginToTheirEndGiveOrTakeTheSkew() {
        #expect(allows(times(1)))
        #expect(allows(times(-299.5)))
        #expect(!allows(times(-300)))
        #expect(allows(times(1000, nbf: 300)))
        #expect(!allows(times(1000, nbf: 301)))
        #expect(!allows(times(-1)) { $0.clockSkew = .zero })
        #expect(!allows(times(60, nbf: 1)) { $0.clockSkew = .zero })
    }

    @Test func aTokenMustSayWhenItEnds() {
        #expect(!allows([:]))
        #expect(allows([:]) { $0.requiresExpirationTime = false })
        #expect(!allows(["exp": .string("never")]) { $0.requiresExpirationTime = false })
        #expect(!allows(["exp": .number(1e300), "nbf": .string("now")]))
        #expect(allows(["exp": .number(1e300)]))
        #expect(!allows(["exp": .number(-1e300)]))
    }

    @Test func theAudienceIsOneOfThoseAllowed() {
        for (audience, isAllowed): (JWTClaimValue?, Bool) in [
            (.string("chat"), true), (.array([.string("x"), .string("chat")]), true), (.string("other"), false),
            (.array([]), false), (nil, false), (.string("CHAT"), false),
        ] {
            var claims = times(60)
            claims["aud"] = audience
            #expect(allows(claims) { $0.validAudiences = ["chat", "api://chat"] } == isAllowed)
            #expect(allows(claims))
        }
    }

    @Test func theIssuerIsOneOfThoseAllowed() {
        var claims = times(60)
        #expect(!allows(claims) { $0.validIssuers = ["https://a.example"] })
        claims["iss"] = .string("https://a.example")
        #expect(allows(claims) { $0.validIssuers = ["https://b.example", "https://a.example"] })
        #expect(!allows(claims) { $0.validIssuers = ["https://a.example/"] })
    }

    @Test func tokensOfEntraIDHaveTwoIssuers() {
        for (tenantID, issuer, isAllowed) in [
            (Self.tenant, "https://login.microsoftonline.com/\(Self.tenant)/v2.0", true),
            (Self.tenant, "https://sts.windows.net/\(Self.tenant)/", true),
            (Self.tenant, "https://sts.windows.net/00000000-0000-0000-0000-000000000000/", false),
            ("common", "https://login.microsoftonline.com/\(Self.tenant)/v2.0", true),
            ("organizations", "https://sts.windows.net/\(Self.tenant)/", true),
            ("common", "https://login.microsoftonline.com/other/v2.0", false),
            ("common", "https://login.microsoftonline.com/{tenantid}/v2.0", false),
        ] {
            var claims = times(60)
            claims["iss"] = .string(issuer)
            claims["tid"] = .string(Self.tenant)
            claims["aud"] = .string("api://app")
            let options = JWTBearerOptions.entraID(tenantID: tenantID, clientID: "app")
            let rules = JWTRules(options)
            #expect(rules.allow(JWTClaims(claims), keyIssuer: nil, now: Self.now) == isAllowed)
            claims["aud"] = .string("app2")
            #expect(!rules.allow(JWTClaims(claims), keyIssuer: nil, now: Self.now))
        }
    }

    @Test(arguments: ["common", "a/../b", "", "72f988bf-86f1-41af-91ab-2d7cd011db4/"])
    func aTemplateIsFilledWithATenantsIDOnly(tenant: String) {
        var claims = times(60)
        claims["tid"] = .string(tenant)
        claims["iss"] = .string("https://sts.windows.net/\(tenant)/")
        #expect(!allows(claims) { $0.validIssuers = ["https://sts.windows.net/{tenantid}/"] })
        claims["tid"] = nil
        #expect(!allows(claims) { $0.validIssuers = ["https://sts.windows.net/{tenantid}/"] })
    }

    @Test func aKeySignsForItsIssuerOnly() {
        let published = "https://login.microsoftonline.com/{tenantid}/v2.0"
        var claims = times(60)
        claims["tid"] = .string(Self.tenant)
        #expect(!allows(claims, keyIssuer: published))
        for (issuer, isAllowed) in [
            ("https://login.microsoftonline.com/\(Self.tenant)/v2.0", true),
            ("https://sts.windows.net/\(Self.tenant)/", true),
            ("https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", false),
        ] {
            claims["iss"] = .string(issuer)
            #expect(allows(claims, keyIssuer: published) == isAllowed)
        }
    }

    @Test func aPrincipalHasAClaimForEachValue() {
        let claims = JWTClaims([
            "sub": .string("ada"), "roles": .array([.string("a"), .string("b")]), "level": .number(3),
            "ratio": .number(0.5), "admin": .bool(true), "address": .object(["city": .string("London")]),
            "nothing": .null,
        ])
        let principal = claims.principal
        #expect(principal.all("roles") == ["a", "b"])
        #expect(principal.first("level") == "3")
        #expect(principal.first("ratio") == "0.5")
        #expect(principal.first("admin") == "true")
        #expect(principal.first("address") == "{\"city\":\"London\"}")
        #expect(principal.first("nothing") == nil)
    }
}
