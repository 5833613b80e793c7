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

    private func remove(_ key: Key) {
        views.withLock { $0[key] = nil }
    }
}
