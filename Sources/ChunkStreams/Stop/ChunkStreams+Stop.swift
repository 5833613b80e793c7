import HubBackplane
import Logging
import NIOCore

extension ChunkStreams {
    /// Stops a stream, wherever it is produced, also before it is: the stop is written down, and its producer honours
    /// it even when it comes first. Repeated each second until the end is in the log.
    ///
    /// Whether the caller may stop it is for the caller to check.
    public func stop(_ id: ChunkStreamID) async -> StopReceipt {
        let names = node.names.stream(id.rawValue)
        let deadline = ContinuousClock.now + node.configuration.stopDeadline
        var hasAsked = false
        var following = Following()
        defer { following.cancel() }
        while ContinuousClock.now < deadline {
            do {
                guard let standing = try await node.standing(names) else {
                    if try await node.backplane.get(names.meta) == nil { return .unknown }
                    guard let end = try await endBeforeOpening(id, finish: .stopped) else { continue }
                    return .stopped(atSeq: end.chunks)
                }
                if let end = standing.end {
                    return hasAsked && end.finish == .stopped ? .stopped(atSeq: end.chunks) : .alreadyEnded(end)
                }
                hasAsked = true
                let producer = standing.opening?.node
                if let producer {
                    watch(producer, by: &following)
                    if let end = try await end(id, lost: producer, as: .stopped) { return .stopped(atSeq: end.chunks) }
                }
                try await ask(producer, toStop: id, epoch: standing.last.epoch, names: names)
                if try await ends(names, within: .seconds(1)) { continue }
            } catch {
                logger.debug("A stop could not be carried", metadata: ["stream": "\(id.logged)", "error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(250))
            }
            if Task.isCancelled { break }
        }
        return .unconfirmed
    }

    private func watch(_ producer: NodeID, by following: inout Following) {
        guard following.producer != producer else { return }
        following.begins(with: producer)?.cancel()
        following.watches(producer, with: node.leases.watch(producer) {})?.cancel()
    }

    /// Ends a stream whose producer was judged dead.
    func end(_ id: ChunkStreamID, lost producer: NodeID, as finish: StreamFinish) async throws -> StreamEnd? {
        if node.leases.isAlive(producer) { return nil }
        let names = node.names.stream(id.rawValue)
        let survey = try await node.survey(names)
        guard survey.end == nil, survey.opening?.node == producer else { return nil }
        return try await node.end(names, surveyed: survey, as: finish)
    }

    private func ask(
        _ producer: NodeID?, toStop id: ChunkStreamID, epoch: UInt64, names: BackplaneNames.Stream
    ) async throws {
        if let stream = node.registry[id], stream.stop(epoch: epoch) { return }
        var value = ByteBuffer()
        value.writeInteger(UInt32(truncatingIfNeeded: epoch))
        _ = try await node.backplane.set(
            names.stop, to: value, timeToLive: node.configuration.liveTimeToLive, onlyIfAbsent: false)
        guard let producer else { return }
        _ = try await node.backplane.publish(NodeMessage.stop(id, epoch: epoch).payload, to: node.names.node(producer))
    }

    /// Polls for the end, quickly at first.
    private func ends(_ names: BackplaneNames.Stream, within time: Duration) async throws -> Bool {
        let deadline = ContinuousClock.now + time
        var pause = Duration.milliseconds(2)
        while ContinuousClock.now < deadline {
            try await Task.sleep(for: pause)
            if let last = try await node.backplane.lastEntry(of: names.log),
                case .end? = StreamEntry(payload: last.payload)
            {
                return true
            }
            pause = min(pause * 2, .milliseconds(100))
        }
        return false
    }
}
