import HubBackplane
import Logging
import NIOCore
import Synchronization

/// Requests of backends, at whichever node they arrive.
extension FedStreams {
    private static let interval = Duration.milliseconds(500)
    /// Longer than it takes to judge the producing node dead.
    private static let attempts = 10
    private static let deadline = interval * attempts

    private enum Place {
        case here
        case node(NodeID)
        case ended(StreamEnd)
        case nowhere
    }

    /// Has a request done by the node that produces the stream.
    ///
    /// - Returns: `nil` where that node has not answered: the same request may be made again.
    package func ask(_ request: FedStreamRequest, of id: ChunkStreamID) async -> FedStreamAnswer? {
        let deadline = ContinuousClock.now + Self.deadline
        while ContinuousClock.now < deadline, !Task.isCancelled {
            guard let place = try? await place(of: id) else { return nil }
            switch place {
            case .here:
                guard let answer = await performHere(request, on: id) else { return nil }
                if answer != .unknown { return answer }
            case .node(let producer):
                guard node.backplane.isReady, let answer = await pass(request, of: id, to: producer) else { return nil }
                if answer != .unknown { return answer }
                producers.withLock { $0.forget(id) }
            case .ended(let end):
                return .ended(end)
            case .nowhere:
                guard mayBeIncomplete else { return .unknown }
            }
            // It has just ended, was taken from whoever has produced it, or is being written again: the log tells.
            try? await Task.sleep(for: .milliseconds(100))
        }
        return nil
    }

    private func place(of id: ChunkStreamID) async throws -> Place {
        if node.registry[id]?.produced != nil { return .here }
        if let producer = producers.withLock({ $0[id] }) { return .node(producer) }
        guard let standing = try await node.standing(node.names.stream(id.rawValue)) else { return .nowhere }
        if let end = standing.end { return .ended(end) }
        guard let producer = standing.opening?.node else { return .nowhere }
        if producer == node.id { return .here }
        producers.withLock { _ = $0.note(producer, of: id) }
        return .node(producer)
    }

    /// Not waited for longer than for another node: the log may take no text for long.
    private func performHere(_ request: FedStreamRequest, on id: ChunkStreamID) async -> FedStreamAnswer? {
        await requests.perform(every: Self.deadline, attempts: 1) { [self] number in
            Task { requests.finish(number, await perform(request, on: id) ?? .unknown) }
        }
    }

    private func pass(
        _ request: FedStreamRequest, of id: ChunkStreamID, to producer: NodeID
    ) async -> FedStreamAnswer? {
        // Begun with the first sending, which is before anything can be answered.
        let watch = Mutex((isBegun: false, ofProducer: nil as NodeWatch?))
        defer { watch.withLock { $0.ofProducer.take() }?.cancel() }
        return await requests.perform(every: Self.interval, attempts: Self.attempts) { [self] number in
            let message = FedStreamMessage.request(number: number, request, id, asker: node.id)
            node.backplane.publish(message.payload, to: node.names.node(producer), completion: { _ in })
            watch.withLock { watch in
                guard !watch.isBegun else { return }
                watch.isBegun = true
                watch.ofProducer = node.leases.watch(producer) { self.died(producer, with: id, request, number) }
            }
        }
    }

    /// The node that produces the stream is dead. Where its backend feeds it this one goes on with it; where nobody can, and
    /// nobody who views it has ended it already, this one does.
    private func died(
        _ producer: NodeID, with id: ChunkStreamID, _ request: FedStreamRequest, _ number: UInt64
    ) {
        Task {
            // Nobody who only looks keeps a stream alive.
            if request == .look, let position = try? await streams.position(ofLost: id) {
                return requests.finish(number, .open(position))
            }
            do {
                let isFull = try await goOn(with: id, from: producer) == .full
                // Another node may have room.
                requests.finish(number, isFull ? nil : .unknown)
            } catch is ChunkStreams.CannotGoOn {
                _ = try? await streams.end(id, lost: producer, as: .failed(.producerLost))
                requests.finish(number, .unknown)
            } catch {
                requests.finish(number, nil)
            }
        }
    }
}
