import CoreMetrics

/// The metrics of one reply while it is read.
struct ChatMetrics {
    private let factory: any MetricsFactory
    private var dimensions: [(String, String)]
    private let begin = ContinuousClock.now
    private var lastChunk: ContinuousClock.Instant?
    private var betweenChunks: Recorder?

    init(factory: any MetricsFactory, metadata: ChatModelMetadata, model: String?) {
        self.factory = factory
        dimensions = [("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", metadata.provider)]
        if let model { dimensions.append(("gen_ai.request.model", model)) }
        if let address = metadata.serverAddress { dimensions.append(("server.address", address)) }
        if let port = metadata.serverPort { dimensions.append(("server.port", "\(port)")) }
    }

    /// A piece of the reply has come.
    mutating func received() {
        let now = ContinuousClock.now
        if let lastChunk {
            let recorder = betweenChunks ?? recorder("gen_ai.client.operation.time_per_output_chunk")
            recorder.record(lastChunk.duration(to: now).seconds)
            betweenChunks = recorder
        } else {
            recorder("gen_ai.client.operation.time_to_first_chunk").record(begin.duration(to: now).seconds)
        }
        lastChunk = now
    }

    mutating func ended(_ end: ChatReplyEnd) {
        if let model = end.modelID { dimensions.append(("gen_ai.response.model", model)) }
        recordDuration()
        guard let usage = end.usage else { return }
        for (type, count) in [("input", usage.inputTokens), ("output", usage.outputTokens)] {
            recorder("gen_ai.client.token.usage", [("gen_ai.token.type", type)]).record(Int64(count))
        }
    }

    /// - Parameter type: The kind of failure.
    mutating func failed(_ type: String) {
        dimensions.append(("error.type", type))
        recordDuration()
    }

    private func recordDuration() {
        recorder("gen_ai.client.operation.duration").record(begin.duration(to: .now).seconds)
    }

    private func recorder(_ label: String, _ more: [(String, String)] = []) -> Recorder {
        Recorder(label: label, dimensions: dimensions + more, aggregate: true, factory: factory)
    }
}

extension Duration {
    fileprivate var seconds: Double { self / .seconds(1) }
}
