import ChatModels
import Logging
import NIOCore
import Synchronization

/// Runs a model against a server, with delays that a test can wait for, and shuts it down.
func withModel<Result>(
    of server: FakeModelServer, endpoint: ((String) -> OpenAIChatModel.Configuration.Endpoint)? = nil,
    timeouts: OpenAIChatModel.Configuration.Timeouts = .init(), maximumHint: Duration = .seconds(30),
    logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
    body: (any ChatModel) async throws -> Result
) async throws -> Result {
    let model = try OpenAIChatModel(
        configuration: OpenAIChatModel.Configuration(
            endpoint: endpoint?(server.baseURL) ?? .openAI(baseURL: server.baseURL + "/v1", model: "small"),
            credential: .key(APIKey("sk-very-secret")), timeouts: timeouts),
        logger: logger)
    let policy = RetryPolicy(baseDelay: .milliseconds(2), maximumHint: maximumHint)
    let result: Result
    do {
        result = try await body(model.with(RetryMiddleware(policy: policy, logger: logger)))
    } catch {
        try? await model.shutdown()
        throw error
    }
    try await model.shutdown()
    return result
}

/// Everything that was logged, as text.
final class LogRecorder: Sendable {
    private let recorded = Mutex("")

    var text: String { recorded.withLock { $0 } }

    var logger: Logger {
        var logger = Logger(label: "test", factory: { _ in Handler(recorder: self) })
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            recorder.recorded.withLock { $0 += "\(event.level) \(event.message) \(event.metadata ?? [:])\n" }
        }
    }
}
