import ChunkStreams
import HubServer
import Synchronization

/// The replies that connections of this node see: at most one view of each reply on each connection.
final class ReplyViews: Sendable {
    private struct Key: Hashable {
        let connection: String
        let stream: ChunkStreamID
    }

    private let views = Mutex<[Key: ReplyView]>([:])
    /// The streams that were shown, remembered for longer than their commands may be repeated.
    private let shown = Mutex(RecentStreams<Bool>(capacity: 4096))

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

    /// Whether a connection sees a reply now.
    func isViewed(_ id: ChunkStreamID, on connection: HubConnection) -> Bool {
        views.withLock { $0[Key(connection: connection.id, stream: id)] != nil }
    }

    /// Whether a reply that a backend opened is to be shown: not where it was before, as it may have ended since.
    func isShownFirst(_ id: ChunkStreamID) -> Bool {
        shown.withLock { $0.note(true, of: id) }
    }

    private func remove(_ key: Key) {
        views.withLock { $0[key] = nil }
    }
}
