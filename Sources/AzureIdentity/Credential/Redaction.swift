/// Makes text of somebody else's (a server's, a tool's) fit for an error message: without secrets, in one line, not long.
package struct Redaction: Sendable {
    /// What must not be shown; a description of an error may repeat what was sent.
    var secrets: [String] = []

    static let maximumLength = 500

    package init(secrets: [String] = []) { self.secrets = secrets }

    package func callAsFunction(_ text: some StringProtocol) -> String {
        // Before anything is cut off, or the first half of a secret would pass.
        var text = String(text)
        for secret in secrets where !secret.isEmpty {
            text = text.replacing(secret, with: "***")
        }
        let words = Self.withoutTokens(
            text.prefix(8 * Self.maximumLength).split { $0.isWhitespace || $0.isNewline }.joined(separator: " "))
        let shown = words.unicodeScalars.filter { $0.properties.generalCategory != .control }
        let line = String(String.UnicodeScalarView(shown))
        return line.count > Self.maximumLength ? line.prefix(Self.maximumLength) + "…" : line
    }

    /// JSON Web Tokens begin with `eyJ`, which is `{"` in Base64; the values of what tools call their tokens go too.
    private static func withoutTokens(_ text: String) -> String {
        text.replacing(/eyJ[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-=]*)*/, with: "***")
            .replacing(
                /"(?<name>accessToken|access_token|token|refresh_token|client_secret|client_assertion)"\s*:\s*"[^"]*("|$)/
            ) { match in
                "\"\(match.output.name)\": \"***\""
            }
    }
}
