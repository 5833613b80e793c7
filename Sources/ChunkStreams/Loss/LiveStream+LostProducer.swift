import HubBackplane
import Logging
import Synchronization

/// What happens to a followed stream whose producer is gone: one of the nodes that have viewers writes the end.
extension LiveStream {
    /// Watches the node that produces the stream, and that one only.
    func watchProducer() {
        let (producer, old) = state.withLock { state -> (NodeID?, NodeWatch?) in
            let producer = state.wantedProducer
            return (producer, state.following.begins(with: producer))
        }
        old?.cancel()
        guard let producer else { return }
        // The watch ends with the following, so it may hold the stream. A weak reference would cost each chunk: counting
        // references to an object that has one goes through a table elsewhere in memory.
        let watch = node.leases.watch(producer) { [leases = node.leases] in
            self.endIfStillLost(producer) { !leases.isAlive(producer) }
        }
        state.withLock { $0.following.watches(producer, with: watch) }?.cancel()
    }

    /// Nothing was heard for long, and nothing is in the log.
    func askWhetherProduced() {
        let (producer, epoch) = state.withLock { ($0.content.producer, $0.content.epoch) }
        guard let producer else { return }
        say(.question(id, epoch: epoch, asker: node.id), to: producer)
    }

    /// The producing node says that it does not produce the stream in this epoch.
    func isNotProduced(inEpoch epoch: UInt64) {
        let producer = state.withLock { $0.content.epoch == epoch ? $0.content.producer : nil }
        if let producer { endIfStillLost(producer) { true } }
    }

    private func endIfStillLost(_ producer: NodeID, _ isLost: @escaping @Sendable () -> Bool) {
        let mustEnd = state.withLock { state in
            defer { state.isEndingLost = true }
            return !state.isEndingLost
        }
        guard mustEnd else { return }
        Task {
            // All nodes that have viewers come to the same judgement at about the same time, and one is enough.
            try? await Task.sleep(for: .milliseconds(.random(in: 0...200)))
            await end(lost: producer, while: isLost)
            state.withLock { $0.isEndingLost = false }
        }
    }

    private func end(lost producer: NodeID, while isLost: () -> Bool) async {
        var mayBeTakenOver = true
        while isFollowing(producer), isLost() {
            do {
                let survey = try await node.survey(names)
                guard survey.end == nil || survey.hasUnreachableEnd, survey.opening.map({ $0.node == producer }) ?? true
                else { return catchUp() }
                if survey.mayBeTakenOver, mayBeTakenOver {
                    mayBeTakenOver = false
                    try await Task.sleep(for: node.configuration.takeOverTime)
                    continue
                }
                let problem = survey.problemWithoutProducer
                let epoch = state.withLock { $0.content.epoch }
                guard try await node.end(names, surveyed: survey, after: epoch, as: .failed(problem)) != nil else {
                    continue
                }
                node.metrics.lostProducer()
                node.logger.info(
                    "A stream lost its producer", metadata: ["stream": "\(id.logged)", "end": "\(problem.code)"])
                return catchUp()
            } catch {
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    private func isFollowing(_ producer: NodeID) -> Bool {
        state.withLock { $0.wantedProducer == producer && !$0.viewers.isEmpty }
    }
}

extension LogSurvey {
    /// Whether somebody may go on with the stream: nobody has seen any of it, or its backend speaks to another node.
    fileprivate var mayBeTakenOver: Bool {
        guard let opening, end == nil else { return false }
        return chunks == 0 || opening.isFed && !hasHole
    }

    /// Why there is no more text when nobody produces it any more.
    fileprivate var problemWithoutProducer: StreamProblem {
        if opening == nil || hasUnreachableEnd { return .logLost }
        return chunks == 0 ? .workerLost : .producerLost
    }
}
