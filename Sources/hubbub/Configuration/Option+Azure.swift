extension Option {
    /// Where secrets of Azure are read from.
    static let azure: [Option] = [
        Option(
            "key-vault-dns-suffix", value: "NAME", fallback: "vault.azure.net",
            help: "the cloud's suffix of vaults, whose hosts alone are shown tokens; vault.azure.cn for one"),
        Option(
            "key-vault-reload-interval", value: "DURATION", fallback: "15m",
            help: "how often secrets of vaults are read again; up to a quarter sooner"),
        Option(
            "azure-ca-file", value: "FILE",
            help: "further certificates in PEM form by which Entra ID and vaults are trusted, as behind a proxy"),
    ]
}
