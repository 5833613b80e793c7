import ChunkStreams
import HubBackplane
import Synchronization

/// The place of one reply under the limits. It is given back when nobody holds it any more.
final class ReplyPlace: Sendable {
    let id: ChunkStreamID
    let user: String?
    private let connection: String
    private let gate: ReplyGate
    private let isAcrossNodes = Atomic(false)

    init(gate: ReplyGate, id: ChunkStreamID, connection: String, user: String?) {
        self.gate = gate
        self.id = id
        self.connection = connection
        self.user = user
    }

    /// Who asks, on all nodes.
    var subject: String { user.map { "u:\($0)" } ?? "c:\(connection)" }

    func isCountedAcrossNodes() { isAcrossNodes.store(true, ordering: .relaxed) }

    deinit {
        gate.counts.leave(from: connection)
        guard isAcrossNodes.load(ordering: .relaxed) else { return }
        Task { [backplane = gate.backplane, id, set = gate.names.replies(of: subject)] in
            try? await backplane.leave(id.rawValue, from: set)
        }
    }
}
