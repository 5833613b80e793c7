/// One thing that can be configured: by flag, by environment variable, or in the configuration file.
struct Option: Sendable {
    enum Kind: Sendable {
        case value
        /// May be given several times.
        case list
        /// A flag without a value.
        case toggle
    }

    /// The flag without its dashes, and the key in the file.
    let name: String
    /// The environment variable.
    let variable: String
    /// What the value looks like, for the help text.
    let value: String
    /// What holds where nothing is given, as text; `nil` for nothing.
    let fallback: String?
    let help: String
    /// Not shown, not logged, and also read from the file that `NAME-file` or `VARIABLE_FILE` names.
    let isSecret: Bool
    let kind: Kind
    /// Its variable is one that other programs read, too. Whoever passes such a variable on may have it empty.
    var isShared: Bool { !variable.hasPrefix("HUBBUB_") }

    init(
        _ name: String, variable: String? = nil, value: String, fallback: String? = nil, isSecret: Bool = false,
        kind: Kind = .value, help: String
    ) {
        self.name = name
        self.variable = variable ?? "HUBBUB_" + name.uppercased().replacing("-", with: "_")
        self.value = value
        self.fallback = fallback
        self.isSecret = isSecret
        self.kind = kind
        self.help = help
    }
}

extension Option {
    /// All options of `hubbub serve`.
    static let serve = node + contentFilter + azure + authentication + limits

    /// What a node is and does.
    private static let node: [Option] = [
        Option("host", value: "ADDRESS", fallback: "127.0.0.1", help: "address to listen on"),
        Option("port", value: "PORT", fallback: "8080", help: "port to listen on, 0 for any free one"),
        Option(
            "tls-certificate-file", value: "FILE",
            help: "certificate in PEM form, with those between it and its root: serves https instead of http"),
        Option(
            "tls-key-file", value: "FILE", help: "its private key in PEM form; both are read again when they change"),
        Option(
            "tls-reload-interval", value: "DURATION", fallback: "10s", help: "how often it is looked whether they have"),
        Option(
            "backplane", value: "URL", fallback: "memory", isSecret: true,
            help:
                "what connects nodes: memory, or redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], rediss:// with TLS, or "
                + "as StackExchange.Redis has it: HOST:PORT,password=…,ssl=True"),
        Option(
            "redis-ca-file", value: "FILE",
            help: "certificates in PEM form that Redis' one is checked with (default: those that the system trusts)"),
        Option(
            "redis-certificate-file", value: "FILE",
            help: "the certificate in PEM form that Redis is shown, if it wants one"),
        Option("redis-key-file", value: "FILE", help: "its private key in PEM form"),
        Option(
            "redis-password", value: "TEXT", isSecret: true,
            help: "password for Redis, where the URL has none; it may change while the node runs"),
        Option(
            "redis-user", value: "NAME", help: "user for Redis, where the URL has none (default: Redis' default user)"),
        Option(
            "redis-auth", value: "password|entra", fallback: "password",
            help:
                "entra: tokens of Entra ID by DefaultAzureCredential instead of a password; the user is the object id, of"
                + " the token unless --redis-user is given"),
        Option("app", value: "NAME", fallback: "hubbub", help: "prefix of all names in Redis"),
        Option(
            "roles", value: "ROLES", fallback: "edge,worker",
            help: "what the node does: edge takes connections, worker produces replies; memory needs both"),
        Option("replies", value: "COUNT", fallback: "1000", help: "most replies produced at once on a worker"),
        Option(
            "model", value: "MODEL",
            help: "what replies: demo, echo, synthetic, azure or openai (default: azure with AZURE_OPENAI_ENDPOINT,"
                + " else openai with OPENAI_BASE_URL or OPENAI_API_KEY, else demo)"),
        Option(
            "synthetic", value: "SETTINGS", fallback: "chunks=200,interval=20ms,size=20",
            help: "what --model synthetic writes"),
        Option(
            "system-prompt", value: "TEXT", fallback: "You are a helpful assistant.",
            help: "what the model is told before every conversation"),
        Option(
            "replies-per-connection", value: "COUNT",
            help: "most replies that one connection has under way (default: no limit, as of the four that follow)"),
        Option(
            "replies-per-user", value: "COUNT",
            help: "most replies that one user has under way on all nodes; of a connection where nobody is authenticated"
        ),
        Option(
            "replies-per-node", value: "COUNT",
            help: "most replies that the connections of a node have under way, wherever they are produced"),
        Option(
            "prompts-per-minute", value: "COUNT",
            help: "most questions of one user within a minute on all nodes"),
        Option(
            "tokens-per-day", value: "COUNT",
            help: "tokens of questions and replies after which an authenticated user waits for the next day of UTC"),
        Option(
            "conversation-turns", value: "COUNT", fallback: "20",
            help: "most questions and replies of a conversation that are kept and told to the model"),
        Option("conversation-bytes", value: "BYTES", fallback: "65536", help: "most bytes of them that are told"),
        Option(
            "conversation-retention", value: "DURATION", fallback: "24h",
            help: "how long a conversation is kept after its last reply"),
        Option(
            "group-messages", value: "COUNT", fallback: "200",
            help: "most messages of a group that are kept; a reply counts as two"),
        Option(
            "group-retention", value: "DURATION", fallback: "24h",
            help: "how long a group's messages are kept after the last one"),
        Option(
            "log-replies", value: "true|false", fallback: "false",
            help: "writes the text of replies that were completed to the log"),
        Option("maximum-prompt-bytes", value: "BYTES", fallback: "32768", help: "most bytes of a prompt"),
        Option(
            "maximum-reply-bytes", value: "BYTES", fallback: "4194304",
            help: "most bytes of a reply's text; one that grows longer has failed"),
        Option(
            "fed-streams", value: "COUNT", fallback: "1000",
            help: "most replies that backends feed through the management API at once on a node"),
        Option(
            "backend-timeout", value: "DURATION", fallback: "60s",
            help: "silence of a backend after which the reply that it feeds has failed"),
        Option("ask-deadline", value: "DURATION", fallback: "30s", help: "how long an ask waits for a worker"),
        Option(
            "retention", value: "DURATION", fallback: "600s", help: "how long a reply can be resumed after its end"),
        Option(
            "allowed-origins", value: "ORIGINS", fallback: "same origin only",
            help: "web origins that may connect (https://a.example), separated by commas, or * for all"),
        Option(
            "cluster-secret", value: "TEXT", isSecret: true,
            help: "what signs connection tokens (default: random, agreed on through Redis)"),
        Option("model-connect-timeout", value: "DURATION", fallback: "10s", help: "time to connect to the model"),
        Option(
            "model-first-byte-timeout", value: "DURATION", fallback: "60s", help: "time to the model's first byte"),
        Option(
            "model-retry-budget", value: "DURATION", fallback: "45s",
            help: "how long all requests for one reply may take that the model refuses; none begins later"),
        Option("model-silence-timeout", value: "DURATION", fallback: "60s", help: "longest silence of the model"),
        Option(
            "event-loops", value: "COUNT",
            help: "threads that serve connections (default: one for each core; fewer where nodes share a machine)"),
        Option(
            "log-level", value: "LEVEL", fallback: "info",
            help: "what is logged: trace, debug, info, notice, warning or error, and all above it"),
        Option(
            "azure-openai-endpoint", variable: "AZURE_OPENAI_ENDPOINT", value: "URL",
            help: "Azure OpenAI; an address that ends in /openai/v1 selects the v1 path"),
        Option(
            "azure-openai-deployment", variable: "AZURE_OPENAI_DEPLOYMENT", value: "NAME", help: "deployment to ask"
        ),
        Option(
            "azure-openai-api-version", variable: "OPENAI_API_VERSION", value: "VERSION",
            help:
                "version of the classic path's API (default: 2024-10-21, for --model-api responses 2025-04-01-preview)"),
        Option(
            "azure-openai-api-key", variable: "AZURE_OPENAI_API_KEY", value: "KEY", isSecret: true,
            help: "key of the Azure OpenAI resource; without one, tokens of Entra ID by DefaultAzureCredential"),
        Option(
            "openai-base-url", variable: "OPENAI_BASE_URL", value: "URL", fallback: "https://api.openai.com/v1",
            help: "an OpenAI-compatible server"),
        Option(
            "openai-api-key", variable: "OPENAI_API_KEY", value: "KEY", isSecret: true,
            help: "its key, where it wants one"),
        Option("openai-model", variable: "OPENAI_MODEL", value: "NAME", help: "model to ask"),
        Option(
            "model-api", value: "API", fallback: "chat-completions",
            help: "which API of a server is spoken: chat-completions or responses"),
    ]
}
