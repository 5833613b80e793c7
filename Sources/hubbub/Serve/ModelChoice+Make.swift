import ChatModels
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

extension ModelChoice {
    /// The model, and what has to run for it.
    func make(access: AzureAccess, vault: VaultSecrets, logger: Logger) throws -> (
        model: any ChatModel, services: [any Service]
    ) {
        switch self {
        case .demo:
            return (DemoModel(), [])
        case .echo:
            return (EchoModel(), [])
        case .synthetic(let settings):
            return (SyntheticModel(settings: settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton), [])
        case .openAI(var configuration, let retries):
            if case .none = configuration.credential, let endpoint = configuration.endpoint.azureEndpoint {
                configuration.credential = try .entra(
                    forEndpoint: endpoint, option: "azure-openai-endpoint", keyOption: "azure-openai-api-key",
                    access: access)
            }
            let keyOption = Self.option(.apiKey, of: configuration.endpoint)
            if let secret = vault[keyOption] { configuration.credential = .vault(secret) }
            let model: OpenAIChatModel
            do {
                model = try OpenAIChatModel(
                    configuration: configuration, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
            } catch {
                throw UsageError("\(Self.option(error.part, of: configuration.endpoint)): \(error)")
            }
            let pipeline = model.with(TelemetryMiddleware(), RetryMiddleware(policy: retries, logger: logger))
            return (pipeline, [ModelShutdown(model: model)])
        }
    }
}

extension ModelChoice {
    /// The option that a part of the configuration came from.
    fileprivate static func option(
        _ part: OpenAIChatModel.ConfigurationError.Part, of endpoint: OpenAIChatModel.Configuration.Endpoint
    ) -> String {
        let isOpenAI = endpoint.azureEndpoint == nil
        return switch part {
        case .endpoint: isOpenAI ? "openai-base-url" : "azure-openai-endpoint"
        case .model: isOpenAI ? "openai-model" : "azure-openai-deployment"
        case .apiKey: isOpenAI ? "openai-api-key" : "azure-openai-api-key"
        }
    }
}

extension OpenAIChatModel.Configuration.Endpoint {
    fileprivate var azureEndpoint: String? {
        switch self {
        case .openAI: nil
        case .azureDeployment(let endpoint, _, _), .azureV1(let endpoint, _): endpoint
        }
    }
}

/// Closes a model's connections when everything that asks it has stopped.
private struct ModelShutdown: Service {
    let model: OpenAIChatModel

    func run() async throws {
        try? await gracefulShutdown()
        try await model.shutdown()
    }
}
