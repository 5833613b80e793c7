import HubBackplane

/// Ends that are written by others than the producer.
extension StreamNode {
    /// Reads a whole log.
    func survey(_ names: BackplaneNames.Stream, keepsText: Bool = false) async throws -> LogSurvey {
        var survey = LogSurvey(keepsText: keepsText)
        while true {
            let page = try await backplane.read(names.log, after: survey.last)
            for entry in page.entries { survey.take(entry) }
            if survey.needsText { return try await self.survey(names, keepsText: true) }
            if page.isLast { return survey }
        }
    }

    /// Ends a stream that nobody produces any more. The end describes the text in the log; viewers may have more, and
    /// keep it.
    ///
    /// - Parameters:
    ///   - survey: What the log has: nothing is written where it has more by now.
    ///   - epoch: An epoch that was seen, where the log is gone.
    func end(
        _ names: BackplaneNames.Stream, surveyed survey: LogSurvey, after epoch: UInt64 = 0, as finish: StreamFinish
    ) async throws -> StreamEnd? {
        let end = survey.end(finish)
        let id = LogID(epoch: max(epoch, survey.last?.epoch ?? 0) + 1, seq: end.chunks + 1)
        let append = LogAppend(
            log: names.log, channel: names.channel, id: id, payload: StreamEntry.end(epoch: id.epoch, end).payload,
            creates: true, timeToLive: configuration.retention)
        guard try await backplane.append(append, ifLastIs: survey.last) else { return nil }
        backplane.expire([names.meta, names.stop], after: configuration.retention)
        return end
    }
}

extension StreamProblem {
    /// The node that produced the stream is gone, or does not produce it any more. The text up to there is whole.
    public static let producerLost = StreamProblem(
        code: "producer_lost", message: "The server that wrote this reply was lost.", retryable: true)
    /// All nodes that have tried to produce the stream were lost before they wrote any text.
    public static let workerLost = StreamProblem(
        code: "worker_lost", message: "The servers that should have answered were lost.", retryable: true)
    /// The log is gone, and nobody has the text to write it again.
    public static let logLost = StreamProblem(
        code: "log_lost", message: "The rest of the reply was lost.", retryable: true)
}
