import FoundationEssentials
import NIOHTTP1

/// What a vault wants of a token: `WWW-Authenticate: Bearer authorization="https://login.microsoftonline.com/TENANT",
/// resource="https://vault.azure.net"`, with `error` and `claims` where a token was revoked (continuous access evaluation).
struct KeyVaultChallenge: Hashable {
    /// The tenant that the vault belongs to.
    var tenantID: String?
    /// What the token must be for.
    var resource: String?
    /// What Entra is to be told, as JSON.
    var claims: String?

    /// Nil where a vault asks for no bearer token.
    init?(_ headers: HTTPHeaders) {
        guard let header = headers["www-authenticate"].first(where: { $0.lowercased().hasPrefix("bearer ") }) else {
            return nil
        }
        let parameters = Self.parameters(header.dropFirst("bearer ".count))
        tenantID = (parameters["authorization"] ?? parameters["authorization_uri"]).flatMap(Self.tenant)
        resource = parameters["resource"] ?? parameters["scope"].map { $0.replacing("/.default", with: "") }
        if parameters["error"] == "insufficient_claims" { claims = parameters["claims"].flatMap(Self.decoded) }
    }

    /// Whether tokens for the resource are meant for the host: a vault that is none must not get them.
    func isMeant(for host: String) -> Bool {
        guard let resource else { return true }
        guard let url = URL(string: resource), url.scheme == "https", let audience = url.host()?.lowercased() else {
            return false
        }
        let name = host.prefix { $0 != ":" }
        return name == audience || name.hasSuffix(".\(audience)")
    }

    private static func tenant(_ authority: String) -> String? {
        guard let url = URL(string: authority), url.scheme == "https" else { return nil }
        return url.path().split(separator: "/").first.map(String.init)
    }

    private static func decoded(_ base64: String) -> String? {
        let standard = base64.replacing("-", with: "+").replacing("_", with: "/").replacing("=", with: "")
        let padded = standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        return Data(base64Encoded: padded).flatMap { String(data: $0, encoding: .utf8) }
    }

    /// `name="value", name=value`: names in lower case.
    private static func parameters(_ text: Substring) -> [String: String] {
        var parameters: [String: String] = [:]
        for match in text.prefix(8192).matches(of: /([A-Za-z_]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))/) {
            let name = match.output.1.lowercased()
            parameters[name] = parameters[name] ?? String(match.output.2 ?? match.output.3 ?? "")
        }
        return parameters
    }
}
