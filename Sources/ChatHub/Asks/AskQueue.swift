import ChunkStreams
import HubBackplane
import Logging
import NIOCore

/// The queue of asks that no worker has taken: any node puts them in, any worker with a free place takes them out.
///
/// An ask is run by whoever gets its stream's opening entry accepted, so one that is handed out twice does no harm.
struct AskQueue: Sendable {
    /// The most asks taken in one go.
    private static let batch = 64

    let backplane: any Backplane
    let queue: KeyName
    let node: NodeID
    let deadline: Duration
    let logger: Logger

    /// Puts an ask into the queue.
    func enqueue(_ ask: Ask) async throws {
        try await backplane.enqueue(ask.payload, on: queue)
    }

    /// Takes asks as long as the worker has places, until cancelled.
    func run(on worker: ReplyWorker) async {
        let isAnew = NewConnection(backplane)
        while !Task.isCancelled {
            let places = worker.places.take(upTo: Self.batch)
            guard places > 0 else {
                try? await Task.sleep(for: .milliseconds(50))
                continue
            }
            var given = 0
            do {
                var items: [QueueItem] = []
                // What was handed to a connection that was already dead is shown to nobody else.
                if isAnew.takeSign() {
                    items = Array(try await pending().prefix(places))
                    if items.count == places { isAnew.giveSign() }
                }
                if items.isEmpty {
                    // Those nearly full do not stand in line before those with room.
                    let wait: Duration? = worker.places.isNearlyFull ? nil : .seconds(2)
                    items = try await backplane.take(places, from: queue, consumer: node.rawValue, wait: wait)
                    if items.isEmpty, wait == nil { try? await Task.sleep(for: .milliseconds(50)) }
                }
                given = items.count
                try await handOut(items, to: worker)
            } catch {
                isAnew.giveSign()
                if !Task.isCancelled {
                    logger.debug("Asks could not be taken", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: .milliseconds(250))
                }
            }
            worker.places.giveBack(places - given)
        }
    }

    private func pending() async throws -> [QueueItem] {
        try await backplane.pending(on: queue, consumer: node.rawValue)
    }

    private func handOut(_ items: [QueueItem], to worker: ReplyWorker) async throws {
        guard !items.isEmpty else { return }
        // Where the time cannot be told, an ask that is too old is refused by its stream, which has an end by then.
        let now = try? await backplane.time()
        for item in items {
            let age = now.map { Double($0) - Double(item.enqueuedAt) } ?? 0
            guard let ask = Ask(payload: item.payload), age < deadline / .milliseconds(1) else {
                acknowledge(item)
                worker.places.giveBack(1)
                continue
            }
            Task { await take(ask, item: item, worker: worker) }
        }
    }

    /// Runs an ask if its stream can be opened here. Its place is given back when it is done.
    private func take(_ ask: Ask, item: QueueItem, worker: ReplyWorker) async {
        do {
            let producer = try await worker.open(ask)
            acknowledge(item)
            if let producer { await worker.run(ask, producer: producer) }
        } catch {
            // Still pending under this node's name: taken up again with the next connection.
            logger.info("An ask could not be opened", metadata: ["stream": "\(ask.id)", "error": "\(error)"])
        }
        worker.places.giveBack(1)
    }

    private func acknowledge(_ item: QueueItem) {
        Task { try? await backplane.acknowledge([item.id], on: queue) }
    }
}
