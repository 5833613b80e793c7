import ChunkStreams
import HubServer
import NIOCore
import Synchronization

/// A reply as ASP.NET's sample sends it: `newMessageWithId("ChatGPT", messageId, textSoFar)`, again and again with the whole
/// text so far. A client that is slow gets it less often.
final class GroupReplyText: OutboxSource, ChunkViewerSink {
    /// How many characters come between two of them, as in the sample.
    private static let step = 20

    fileprivate struct State {
        var viewer: ChunkViewer?
        var text = ""
        var sent = 0
        var isOver = false
    }

    private let id: ChunkStreamID
    private let connection: HubConnection
    private let state = Mutex(State())

    private init(id: ChunkStreamID, connection: HubConnection) {
        self.id = id
        self.connection = connection
    }

    static func show(_ id: ChunkStreamID, of streams: ChunkStreams, on connection: HubConnection) {
        let text = GroupReplyText(id: id, connection: connection)
        let viewer = streams.view(id, after: .start, sink: text)
        text.state.withLock { $0.viewer = viewer }
        // The viewer may have called while it was not here yet.
        connection.enqueue(text)
    }

    func viewerHasNews() { connection.enqueue(self) }

    func write(into buffer: inout ByteBuffer, limit: Int) -> Bool {
        state.withLock { state in
            guard !state.isOver, let viewer = state.viewer else { return false }
            while let (event, hasMore) = viewer.next(limit: limit) {
                switch event {
                case .text(let text, _): state.text += String(buffer: text)
                case .retracted(let retraction, _): state.take(back: retraction)
                case .restarted: state.text = ""
                case .ended, .lost:
                    state.isOver = true
                    state.viewer = nil
                }
                if !hasMore { break }
            }
            let count = state.text.utf8.count
            if state.isOver || abs(count - state.sent) > Self.step {
                state.sent = count
                // Only floating-point numbers can fail to be encoded.
                try? connection.encoding.writeInvocation(
                    target: "newMessageWithId",
                    [.string(GroupMember.assistant), .string(id.rawValue), .string(state.text)], into: &buffer)
            }
            return false
        }
    }

    func connectionEnded() {
        let viewer = state.withLock { state in
            state.isOver = true
            return state.viewer.take()
        }
        viewer?.cancel()
    }
}

extension GroupReplyText.State {
    fileprivate mutating func take(back retraction: ChunkRetraction) {
        guard retraction.keepBytes <= UInt64(text.utf8.count) else { return }
        let kept = text.utf8.index(text.startIndex, offsetBy: Int(retraction.keepBytes))
        text = String(text[..<kept]) + String(buffer: retraction.replacement)
    }
}
