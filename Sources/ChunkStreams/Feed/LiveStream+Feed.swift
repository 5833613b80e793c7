public import HubBackplane
import NIOCore
import Synchronization

/// Being told by the producing node itself what it appends: with the chunks of all other streams that this node reads, on
/// one channel. The stream's own channel carries what is rare: openings, ends, repeats.
extension LiveStream {
    /// Asks the producing node, which answers with what this node does not know yet.
    func askToBeFed() {
        let question = state.withLock { state -> (NodeMessage, NodeID)? in
            guard let producer = state.wantedProducer else { return nil }
            let epoch = state.content.epoch
            state.following.asks(inEpoch: epoch)
            let request = FollowRequest(
                epoch: epoch, tag: tag, after: state.content.text.last, follower: node.id)
            return (.follow(id, request), producer)
        }
        guard let (message, producer) = question else { return }
        node.registry.feeds(self)
        say(message, to: producer)
    }

    /// The producing node tells what it appends from now on.
    ///
    /// - Parameters:
    ///   - last: The last chunk that it had appended by then.
    ///   - entry: Chunks up to there, or up to as many as an entry may have; empty where this node knew all of them.
    func isFed(inEpoch epoch: UInt64, last: UInt64, entry: ByteBuffer) {
        if entry.readableBytes > 0 { received(entry) }
        let isBehind = state.withLock { state in
            guard state.content.epoch == epoch else { return false }
            state.following.isFed(inEpoch: epoch)
            return state.content.text.last < last
        }
        if isBehind { read() }
    }

    // MARK: Producing

    /// A node wants to be told what is appended.
    func isFollowed(_ request: FollowRequest) {
        let epoch = request.epoch
        let answer = state.withLock { state -> NodeMessage? in
            guard state.production?.machine.epoch == epoch, let last = state.production?.machine.appended else {
                return nil
            }
            state.production?.feed(
                LogFollower(channel: node.names.feed(of: request.follower), tag: request.tag))
            let entry =
                request.after < last
                ? state.content.text.entry(
                    after: request.after, limit: node.configuration.maximumAppendBytes, epoch: epoch, through: last)
                : nil
            return .followed(id, epoch: epoch, last: last, entry: entry?.payload ?? ByteBuffer())
        }
        if let answer { say(answer, to: request.follower) }
    }

    /// Nobody reads the stream on that node any more.
    func isUnfollowed(by follower: NodeID, as tag: UInt64) {
        let follower = LogFollower(channel: node.names.feed(of: follower), tag: tag)
        state.withLock { $0.production?.followers.removeAll { $0 == follower } }
    }
}

/// The node that is to be told what a stream's producer appends, from the first chunk on.
public struct StreamFollower: Sendable, Equatable {
    public let node: NodeID
    /// What that node calls the stream; never 0.
    public let tag: UInt64

    /// The follower that another node has told of.
    public init(node: NodeID, tag: UInt64) {
        self.node = node
        self.tag = tag
    }
}

extension ChunkStreams {
    /// This node as a follower of a stream that is read here, for whoever is about to open it elsewhere; `nil` where it is
    /// not read.
    public func follower(of id: ChunkStreamID) -> StreamFollower? {
        guard let stream = node.registry[id] else { return nil }
        node.registry.feeds(stream)
        return StreamFollower(node: node.id, tag: stream.tag)
    }
}

extension LiveStream.State {
    /// Whether the producer of this epoch is still to be asked.
    var mustAskToBeFed: Bool {
        feed?.isLive == true && wantedProducer != nil && following.askedEpoch != content.epoch
    }

    /// Whether the producer was asked, and has not answered for a while.
    var isFeedUnanswered: Bool { feed?.isLive == true && wantedProducer != nil && !following.isFed }
}
