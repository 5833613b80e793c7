import ChunkStreams
import HubBackplane
import Logging
import NIOCore
import Synchronization

/// The queue of asks that no worker has taken: any node puts them in, any worker with a free place takes them out.
///
/// An ask is run by whoever gets its stream's opening entry accepted, so one that is handed out twice does no harm. It
/// stays pending under its worker's name until the reply has text: another worker begins it anew should this one be lost.
final class AskQueue: Sendable {
    /// The most asks taken in one go.
    private static let batch = 64

    let backplane: any Backplane
    let queue: KeyName
    let leases: NodeLeases
    let logger: Logger
    private let deadline: Duration
    /// The asks that are being dealt with here. The backplane shows them to this node as pending all the while.
    private let inHand = Mutex<Set<QueueItem.ID>>([])

    var node: NodeID { leases.node }

    init(backplane: any Backplane, queue: KeyName, leases: NodeLeases, deadline: Duration, logger: Logger) {
        self.backplane = backplane
        self.queue = queue
        self.leases = leases
        self.deadline = deadline
        self.logger = logger
    }

    /// Puts an ask into the queue.
    func enqueue(_ ask: Ask) async throws {
        try await backplane.enqueue(ask.payload, on: queue)
    }

    /// Takes asks as long as the worker has places, until cancelled.
    func run(on worker: ReplyWorker) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.take(for: worker) }
            group.addTask { await self.claimFromLost(for: worker) }
        }
    }

    private func take(for worker: ReplyWorker) async {
        let isAnew = NewConnection(backplane)
        while !Task.isCancelled {
            // Those nearly full do not stand in line before those with room. Places that are taken to read with do not count.
            let wait: Duration? = worker.places.isNearlyFull ? nil : .seconds(2)
            do {
                let isTaken = try await handOut(to: worker) { places in
                    var items: [QueueItem] = []
                    // What was handed to a connection that was already dead is shown to nobody else.
                    if isAnew.takeSign() {
                        items = Array(try await self.pending().prefix(places))
                        if items.count == places { isAnew.giveSign() }
                    }
                    if !items.isEmpty { return items }
                    return try await self.backplane.take(
                        places, from: self.queue, consumer: self.node.rawValue, wait: wait)
                }
                if !isTaken, wait == nil { try? await Task.sleep(for: .milliseconds(50)) }
            } catch {
                isAnew.giveSign()
                if !Task.isCancelled {
                    logger.debug("Asks could not be taken", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: .milliseconds(250))
                }
            }
        }
    }

    private func pending() async throws -> [QueueItem] {
        let pending = try await backplane.pending(on: queue, consumer: node.rawValue)
        return inHand.withLock { inHand in pending.filter { !inHand.contains($0.id) } }
    }

    /// Takes places, then asks for them, and gives back the places that are left.
    ///
    /// - Returns: Whether there was any ask.
    func handOut(to worker: ReplyWorker, _ take: (_ places: Int) async throws -> [QueueItem]) async throws -> Bool {
        let places = worker.places.take(upTo: Self.batch)
        guard places > 0 else { return false }
        var given = 0
        defer { worker.places.giveBack(places - given) }
        let items = try await take(places)
        given = items.count
        guard !items.isEmpty else { return false }
        // Where the time cannot be told, an ask that is too old is refused by its stream, which has an end by then.
        let now = try? await backplane.time()
        for item in items {
            let age = now.map { Double($0) - Double(item.enqueuedAt) } ?? 0
            guard let ask = Ask(payload: item.payload), age < deadline / .milliseconds(1) else {
                acknowledge(item)
                worker.places.giveBack(1)
                continue
            }
            _ = inHand.withLock { $0.insert(item.id) }
            Task {
                await run(ask, item: item, on: worker)
                _ = inHand.withLock { $0.remove(item.id) }
                worker.places.giveBack(1)
            }
        }
        return true
    }

    /// Runs an ask if its stream can be opened here.
    private func run(_ ask: Ask, item: QueueItem, on worker: ReplyWorker) async {
        do {
            guard let producer = try await worker.open(ask) else { return acknowledge(item) }
            producer.onLogged { self.acknowledge(item) }
            await worker.run(ask, producer: producer)
        } catch {
            // Still pending under this node's name: taken up again with the next connection.
            logger.info("An ask could not be opened", metadata: ["stream": "\(ask.id.logged)", "error": "\(error)"])
        }
    }

    private func acknowledge(_ item: QueueItem) {
        Task { try? await backplane.acknowledge([item.id], on: queue) }
    }
}
