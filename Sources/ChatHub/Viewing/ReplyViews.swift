import ChunkStreams
import DequeModule
import HubServer
import Synchronization

/// The replies that connections of this node see: at most one view of each reply on each connection.
final class ReplyViews: Sendable {
    private struct Key: Hashable {
        let connection: String
        let stream: ChunkStreamID
    }

    /// Streams that were shown are remembered for longer than their commands may be repeated.
    private static let shownCapacity = 4096

    private let views = Mutex<[Key: ReplyView]>([:])
    private let shown = Mutex((ids: Set<ChunkStreamID>(), order: Deque<ChunkStreamID>()))

    /// The view of a reply on a connection, made where there is none.
    func view(of id: ChunkStreamID, on connection: HubConnection) -> ReplyView {
        let key = Key(connection: connection.id, stream: id)
        return views.withLock { views in
            if let view = views[key] { return view }
            let view = ReplyView(id: id, connection: connection) { [weak self] in self?.remove(key) }
            views[key] = view
            return view
        }
    }

    /// Whether a reply that a backend opened is to be shown: not where it was before, as it may have ended since.
    func isShownFirst(_ id: ChunkStreamID) -> Bool {
        shown.withLock { shown in
            guard shown.ids.insert(id).inserted else { return false }
            shown.order.append(id)
            if shown.order.count > Self.shownCapacity, let oldest = shown.order.popFirst() { shown.ids.remove(oldest) }
            return true
        }
    }

    private func remove(_ key: Key) {
        views.withLock { $0[key] = nil }
    }
}
