extension Option {
    /// How clients are authenticated.
    static let authentication: [Option] = [
        Option(
            "require-authentication", value: "", kind: .toggle,
            help: "takes no client that does not show a token that is believed"),
        Option(
            "jwt-secret", value: "TEXT", isSecret: true,
            help: "secret of at least 32 bytes that signs clients' tokens with HS256"),
        Option(
            "jwt-public-key", value: "PEM", isSecret: true,
            help: "public keys or certificates of those who sign clients' tokens with RS256 or ES256"),
        Option(
            "jwks-url", value: "URL",
            help: "where the issuer of clients' tokens publishes its keys; needs --jwt-issuer and --jwt-audience"),
        Option(
            "jwt-issuer", value: "ISSUERS",
            help: "issuers that are believed, separated by commas; {tenantid} stands for the token's tid"),
        Option(
            "jwt-audience", value: "AUDIENCES", help: "audiences of which a token must name one, separated by commas"),
        Option("jwt-clock-skew", value: "DURATION", fallback: "5m", help: "how far the issuer's clock may be off"),
        Option(
            "entra-tenant-id", value: "TENANT",
            help: "takes tokens of this directory of Microsoft Entra ID, or of any with common or organizations"),
        Option(
            "entra-client-id", value: "ID", help: "the application in Microsoft Entra ID that the tokens must be for"),
        Option(
            "management-key", value: "KEY", isSecret: true,
            help: "turns on the management API at /api for whoever shows this key, of at least 16 bytes, "
                + "as api-key: KEY or Authorization: Bearer KEY"),
        Option(
            "close-on-authentication-expiration", value: "", kind: .toggle,
            help: "closes a connection, to be made anew, when its client's token expires"),
        Option(
            "authentication-refresh", value: "", kind: .toggle,
            help: "lets connected clients show a newer token, with POST /chat/refresh"),
    ]
}
