import ChunkStreams
import HubBackplane
import Logging
import Synchronization

/// The asks that this node has put into the queue. It stays with each until it was opened or is given up: the backplane may
/// lose its data.
final class QueuedAsks: Sendable {
    /// Whoever had opened an ask before the loss writes it down again within this time.
    private static let patience = Duration.seconds(2)

    private let queue: AskQueue
    private let streams: ChunkStreams
    private let deadline: Duration
    private let waiting = Mutex<[ChunkStreamID: Ask]>([:])

    init(queue: AskQueue, streams: ChunkStreams, deadline: Duration) {
        self.queue = queue
        self.streams = streams
        self.deadline = deadline
        queue.backplane.observeState { [weak self] state in
            if state == .ready { self?.queueAgain() }
        }
    }

    /// Queues an ask, to be told when its reply ``isOver(_:)``. Where nobody opens it in time, its end is written here.
    func add(_ ask: Ask) async throws {
        waiting.withLock { $0[ask.id] = ask }
        do {
            try await queue.enqueue(ask)
        } catch {
            waiting.withLock { $0[ask.id] = nil }
            throw error
        }
        Task {
            try? await Task.sleep(for: deadline)
            waiting.withLock { $0[ask.id] = nil }
            await end(ask.id, as: .noWorker)
        }
    }

    /// The reply has ended: where the backplane loses it now, nobody wants another one.
    func isOver(_ id: ChunkStreamID) { waiting.withLock { $0[id] = nil } }

    /// An ask that could not be placed gets its end as soon as it can be written.
    func giveUp(_ id: ChunkStreamID, as problem: StreamProblem) {
        Task { await end(id, as: problem) }
    }

    /// An ask that nobody has opened gets its end here; then nobody can open it any more.
    private func end(_ id: ChunkStreamID, as problem: StreamProblem) async {
        while !Task.isCancelled {
            do {
                // Without it the backplane has lost everything, and whoever produces the reply writes it again.
                guard try await streams.meta(of: id) != nil else { return }
                _ = try await streams.endBeforeOpening(id, finish: .failed(problem))
                return
            } catch {
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func queueAgain() {
        guard waiting.withLock({ !$0.isEmpty }) else { return }
        Task {
            try? await Task.sleep(for: Self.patience)
            for id in waiting.withLock({ Array($0.keys) }) where !streams.hasBegun(id) { await queueAgain(id) }
        }
    }

    private func queueAgain(_ id: ChunkStreamID) async {
        do {
            guard try await streams.meta(of: id) == nil else { return }
            let lost = waiting.withLock { waiting in
                waiting[id]?.losses += 1
                return waiting[id]
            }
            guard let ask = lost else { return }
            try await streams.create(id, meta: ask.meta.payload)
            try await queue.enqueue(ask)
            queue.logger.info("An ask was lost and is queued again", metadata: ["stream": "\(id.logged)"])
        } catch {
            // The next ready comes to it again.
            queue.logger.debug(
                "An ask could not be queued again", metadata: ["stream": "\(id.logged)", "error": "\(error)"])
        }
    }
}
