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
        while ContinuousClock.now < deadline {
            do {
                switch try await standing(of: id, names: names) {
                case .ended(let end):
                    if hasAsked, end.finish == .stopped { return .stopped(atSeq: end.chunks) }
                    return .alreadyEnded(end)
                case .gone:
                    return .unknown
                case .notOpened:
                    if let end = try await endBeforeOpening(id, finish: .stopped) { return .stopped(atSeq: end.chunks) }
                    continue
                case .live(let epoch, let producer):
                    hasAsked = true
                    try await ask(producer, toStop: id, epoch: epoch, names: names)
                }
                if try await ends(names, within: .seconds(1)) { continue }
            } catch {
                logger.debug("A stop could not be carried", metadata: ["stream": "\(id)", "error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(250))
            }
            if Task.isCancelled { break }
        }
        return .unconfirmed
    }

    private enum Standing {
        case gone
        case notOpened
        case live(epoch: UInt64, producer: NodeID?)
        case ended(StreamEnd)
    }

    private func standing(of id: ChunkStreamID, names: BackplaneNames.Stream) async throws -> Standing {
        guard let last = try await node.backplane.lastEntry(of: names.log) else {
            return try await node.backplane.get(names.meta) == nil ? .gone : .notOpened
        }
        switch StreamEntry(payload: last.payload) {
        case .end(_, let end):
            return .ended(end)
        case .open(let opening):
            return .live(epoch: opening.epoch, producer: opening.node)
        case .chunks, nil:
            let beginning = try await node.backplane.read(
                names.log, after: LogID(epoch: last.id.epoch - 1, seq: .max))
            guard case .open(let opening)? = beginning.streamEntries.first else {
                return .live(epoch: last.id.epoch, producer: nil)
            }
            return .live(epoch: opening.epoch, producer: opening.node)
        }
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
