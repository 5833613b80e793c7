import ChatModels
import NIOCore

/// Which model replies.
enum ModelChoice: Sendable {
    case demo
    case echo
    case synthetic(SyntheticModel.Settings)
    case openAI(OpenAIChatModel.Configuration, RetryPolicy)

    init(_ values: OptionValues) throws {
        // A wrong value is to be told whether or not this model uses it.
        let settings = try Self.settings(values)
        let timeouts = try Self.timeouts(values)
        let retries = RetryPolicy(budget: try values.duration("model-retry-budget"))
        let api = try values.value("model-api", expected: "chat-completions or responses") {
            OpenAIChatModel.Configuration.API(rawValue: $0)
        }
        let refusesUnfilteredText = try ContentFilterConfiguration.deliversUnfilteredText(values) == false
        switch try values.text("model") ?? Self.usual(values) {
        case "demo": self = .demo
        case "echo": self = .echo
        case "synthetic": self = .synthetic(settings)
        case "azure":
            let endpoint = try values.value("azure-openai-endpoint", expected: "a URL") { $0 }
            let deployment = try values.value("azure-openai-deployment", expected: "a name") { $0 }
            let version = try values.text("azure-openai-api-version")
            self = .openAI(
                .init(
                    endpoint: .azure(endpoint: endpoint, deployment: deployment, apiVersion: version), api: api,
                    credential: try Self.key("azure-openai-api-key", values), timeouts: timeouts,
                    refusesUnfilteredText: refusesUnfilteredText), retries)
        case "openai":
            let url = try values.value("openai-base-url", expected: "a URL") { $0 }
            let model = try values.value("openai-model", expected: "a name") { $0 }
            self = .openAI(
                .init(
                    endpoint: .openAI(baseURL: url, model: model), api: api,
                    credential: try Self.key("openai-api-key", values), timeouts: timeouts), retries)
        default:
            throw UsageError("model must be demo, echo, synthetic, azure or openai")
        }
    }

    private static func usual(_ values: OptionValues) -> String {
        if values.isGiven("azure-openai-endpoint") { return "azure" }
        return values.isGiven("openai-base-url") || values.isGiven("openai-api-key") ? "openai" : "demo"
    }

    private static func key(_ name: String, _ values: OptionValues) throws -> ChatModelCredential {
        try values.text(name).map { .key(APIKey($0)) } ?? .none
    }

    private static func settings(_ values: OptionValues) throws -> SyntheticModel.Settings {
        try values.value("synthetic", expected: "settings") { text in
            let settings: SyntheticModel.Settings
            do {
                settings = try SyntheticModel.Settings(parsing: text)
            } catch {
                throw UsageError("synthetic: \(error)")
            }
            guard settings.chunks <= 1_000_000_000, settings.interval <= .hours(1), settings.size <= 1024 * 1024 else {
                throw UsageError("synthetic may have at most chunks=1000000000, interval=3600s and size=1048576")
            }
            return settings
        }
    }

    private static func timeouts(_ values: OptionValues) throws -> OpenAIChatModel.Configuration.Timeouts {
        .init(
            connect: try values.duration("model-connect-timeout"),
            firstByte: try values.duration("model-first-byte-timeout"),
            silence: try values.duration("model-silence-timeout"))
    }
}
