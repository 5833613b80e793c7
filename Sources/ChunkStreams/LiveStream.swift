import HubBackplane
import Logging
import NIOCore
import Synchronization

/// One stream on this node: its text here, who reads it, and either its producer or the way it is followed.
///
/// Everything changes under one lock; the backplane is only called without it. Extensions hold the three roles:
/// reading (`Feed/`), following another node's producer (`Feed/`), producing (`Producer/`).
final class LiveStream: Sendable {
    struct State: Sendable {
        var content: StreamContent
        var viewers = ViewerList()
        /// Set while another node produces.
        var feed: FeedStateMachine?
        var following = Following()
        var isSubscribing = false
        /// Set while this node produces, and until its text is let go.
        var production: Production?
        /// Ticks of the sweep since something was heard.
        var quietTicks = 0
        /// Nothing was heard for long, and the log is being read for it.
        var isSilent = false
        /// Nodes do not become impatient all at once.
        let patience = Double.random(in: 0.8...1.2)
        /// The log is being read for what was taken back of earlier text.
        var isLearning = false
        /// The producer is lost, and its end is being written.
        var isEndingLost = false
        /// Nothing may be attached any more; the registry has a successor.
        var isClosed = false
    }

    let id: ChunkStreamID
    let names: BackplaneNames.Stream
    /// What the producing node calls the stream when it tells this node what it has appended.
    let tag: UInt64
    let node: StreamNode
    let state: Mutex<State>

    /// A stream followed from a viewer's place on.
    init(id: ChunkStreamID, following cursor: ChunkCursor, node: StreamNode) {
        self.id = id
        self.names = node.names.stream(id.rawValue)
        self.node = node
        self.tag = node.registry.newTag()
        self.state = Mutex(State(content: StreamContent(after: cursor), feed: FeedStateMachine()))
    }

    /// A stream produced here.
    init(
        id: ChunkStreamID, opening: StreamEntry.Opening, text: StreamText, production: Production, node: StreamNode
    ) {
        self.id = id
        self.names = node.names.stream(id.rawValue)
        self.node = node
        self.tag = node.registry.newTag()
        self.state = Mutex(
            State(content: StreamContent(opening: opening, text: text), production: production))
    }
}

/// What all streams of a node share.
struct StreamNode: Sendable {
    let leases: NodeLeases
    let backplane: any Backplane
    let names: BackplaneNames
    let configuration: ChunkStreamsConfiguration
    let registry: StreamRegistry
    let metrics: StreamMetrics
    let logger: Logger

    var id: NodeID { leases.node }

    /// Hears a channel, which is tried until it succeeds; `nil` where the task is cancelled before.
    func subscribe(
        to channel: ChannelName, receive: @escaping @Sendable (ByteBuffer) -> Void
    ) async -> ChannelSubscription? {
        // Short at first: a node that starts is ready a few milliseconds later, and then has to hear.
        var pause = Duration.milliseconds(5)
        while !Task.isCancelled {
            do {
                return try await backplane.subscribe(to: channel) { event in
                    if case .message(let payload) = event { receive(payload) }
                }
            } catch {
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .milliseconds(500))
            }
        }
        return nil
    }
}
