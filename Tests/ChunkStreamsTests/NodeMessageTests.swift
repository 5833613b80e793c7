import HubBackplane
import NIOCore
import Testing

@testable import ChunkStreams

@Suite struct NodeMessageTests {
    private static let id = ChunkStreamID()

    @Test(arguments: [
        NodeMessage.stop(id, epoch: 7), .hole(id, LogHole(epoch: 2, after: 300)),
        .question(id, epoch: 1, asker: NodeID("0123456789abcdef")), .answer(id, epoch: 3, isProduced: true),
        .answer(id, epoch: 3, isProduced: false),
        .follow(id, FollowRequest(epoch: 1, tag: 9, after: 70_000, follower: NodeID("0123456789abcdef"))),
        .followed(id, epoch: 4, last: 12, entry: ByteBuffer(string: "entry")),
        .followed(id, epoch: 4, last: 12, entry: ByteBuffer()),
        .unfollow(id, epoch: 1, tag: .max, follower: NodeID("0123456789abcdef")),
    ]) func survivesTheChannel(message: NodeMessage) {
        #expect(NodeMessage(payload: message.payload) == message)
        for length in 0..<38 {
            #expect(message.payload.getSlice(at: 0, length: length).flatMap(NodeMessage.init(payload:)) == nil)
        }
    }
}
