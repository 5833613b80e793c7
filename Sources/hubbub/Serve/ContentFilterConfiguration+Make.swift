import ChatModels
import Logging
import NIOPosix
import ServiceLifecycle

extension ContentFilterConfiguration {
    /// What goes around the model, outermost first, and what has to run for it.
    func make(access: AzureAccess, vault: VaultSecrets, logger: Logger) throws -> (
        middleware: [any ChatMiddleware], services: [any Service]
    ) {
        var middleware: [any ChatMiddleware] = []
        var services: [any Service] = []
        if !blockedWords.isEmpty {
            // Outermost, so that a prompt with such a word costs no request.
            middleware.append(
                ContentFilterMiddleware(
                    try BlockListFilter(words: blockedWords), mode: mode, replacement: replacement, logger: logger))
        }
        if let contentSafety {
            let filter = try contentSafetyFilter(contentSafety, access: access, vault: vault, logger: logger)
            middleware.append(
                ContentFilterMiddleware(
                    filter, mode: mode, replacement: replacement,
                    failsOpen: deliversUnfilteredText ?? (mode == .asynchronous), logger: logger))
            services.append(ContentSafetyShutdown(filter: filter))
        }
        return (middleware, services)
    }

    private func contentSafetyFilter(
        _ configuration: AzureContentSafetyFilter.Configuration, access: AzureAccess, vault: VaultSecrets,
        logger: Logger
    ) throws -> AzureContentSafetyFilter {
        var configuration = configuration
        if case .none = configuration.credential {
            configuration.credential = try .entra(
                forEndpoint: configuration.endpoint, option: "azure-content-safety-endpoint",
                keyOption: "azure-content-safety-key", access: access)
        }
        if let secret = vault["azure-content-safety-key"] { configuration.credential = .vault(secret) }
        do {
            return try AzureContentSafetyFilter(
                configuration: configuration, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        } catch {
            throw UsageError("azure-content-safety-\(error.part): \(error)")
        }
    }
}

/// Closes the filter's connections when everything that asks it has stopped.
private struct ContentSafetyShutdown: Service {
    let filter: AzureContentSafetyFilter

    func run() async throws {
        try? await gracefulShutdown()
        try await filter.shutdown()
    }
}
