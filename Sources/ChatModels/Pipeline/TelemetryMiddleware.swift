public import CoreMetrics
public import Tracing

/// A span and metrics for each reply, in the words of OpenTelemetry's semantic conventions for generative AI (version 1.42,
/// "GenAI spans" and "GenAI metrics"). Nothing of the conversation is in them.
///
/// Histograms, in seconds: `gen_ai.client.operation.duration`, `gen_ai.client.operation.time_to_first_chunk` and
/// `gen_ai.client.operation.time_per_output_chunk`; in tokens: `gen_ai.client.token.usage`, where the model counts.
public struct TelemetryMiddleware: ChatMiddleware {
    private let tracer: any Tracer
    private let factory: any MetricsFactory

    /// - Parameters:
    ///   - tracer: The process' own unless given; one that does nothing where there is none.
    ///   - factory: The process' own unless given, likewise.
    public init(
        tracer: any Tracer = InstrumentationSystem.tracer, factory: any MetricsFactory = MetricsSystem.factory
    ) {
        self.tracer = tracer
        self.factory = factory
    }

    public func reply(
        to request: ChatRequest, from next: any ChatModel, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        let model = request.options.modelID ?? next.metadata.defaultModelID
        let name = model.map { "chat \($0)" } ?? "chat"
        return try await tracer.withAnySpan(name, ofKind: .client) { span in
            span.updateAttributes { $0.set(request, next.metadata, model: model) }
            var metrics = ChatMetrics(factory: factory, metadata: next.metadata, model: model)
            do {
                let end = try await next.reply(to: request) { update in
                    metrics.received()
                    try await receive(update)
                }
                span.updateAttributes { $0.set(end) }
                metrics.ended(end)
                return end
            } catch {
                let type = error.telemetryType
                span.updateAttributes { $0["error.type"] = type }
                span.setStatus(SpanStatus(code: .error))
                metrics.failed(type)
                throw error
            }
        }
    }
}

extension SpanAttributes {
    fileprivate mutating func set(_ request: ChatRequest, _ metadata: ChatModelMetadata, model: String?) {
        self["gen_ai.operation.name"] = "chat"
        self["gen_ai.provider.name"] = metadata.provider
        self["gen_ai.request.stream"] = true
        self["gen_ai.request.model"] = model
        self["server.address"] = metadata.serverAddress
        self["server.port"] = metadata.serverPort
        let options = request.options
        self["gen_ai.request.temperature"] = options.temperature
        self["gen_ai.request.top_p"] = options.topP
        self["gen_ai.request.max_tokens"] = options.maxOutputTokens
        self["gen_ai.request.frequency_penalty"] = options.frequencyPenalty
        self["gen_ai.request.presence_penalty"] = options.presencePenalty
        self["gen_ai.request.seed"] = options.seed
        if !options.stopSequences.isEmpty { self["gen_ai.request.stop_sequences"] = options.stopSequences }
    }

    fileprivate mutating func set(_ end: ChatReplyEnd) {
        self["gen_ai.response.id"] = end.responseID
        self["gen_ai.response.model"] = end.modelID
        self["gen_ai.response.finish_reasons"] = [end.finish.telemetryWord]
        self["gen_ai.usage.input_tokens"] = end.usage?.inputTokens
        self["gen_ai.usage.output_tokens"] = end.usage?.outputTokens
        self["gen_ai.usage.cache_read.input_tokens"] = end.usage?.cachedInputTokens
        self["gen_ai.usage.reasoning.output_tokens"] = end.usage?.reasoningTokens
    }
}

extension ChatReplyEnd.FinishReason {
    fileprivate var telemetryWord: String {
        switch self {
        case .stop: "stop"
        case .length: "length"
        case .contentFilter: "content_filter"
        case .other(let word): word
        }
    }
}

extension Error {
    /// One of few words, as dimensions of metrics are kept.
    fileprivate var telemetryType: String {
        switch self {
        case let error as ChatModelError: error.code.rawValue
        case is CancellationError: "cancelled"
        default: "_OTHER"
        }
    }
}
