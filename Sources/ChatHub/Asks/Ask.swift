import ChunkStreams
import HubBackplane
import NIOCore

/// A question that waits for its reply to be produced, on this node or on another one.
///
/// On the queue: version:u8 = 5, id: 32 digits, losses:u8, tag:u64 (0 for no follower), node: str8, conversation: str8
/// (empty for none), group: str8 (empty for none, else epoch:u64, seq:u64 of the question in its log, asker: str8), metaLength:u32,
/// meta, prompt. Readers take the rest as the prompt.
struct Ask: Sendable, Equatable {
    private static let version: UInt8 = 5

    let id: ChunkStreamID
    /// What is written down about the reply's stream.
    let meta: ReplyMeta
    let prompt: String
    /// The conversation that it goes on with.
    let conversation: ConversationID?
    /// Where it was asked in a group.
    let group: GroupQuestion?
    /// How often the backplane has lost its data since the ask was first queued.
    var losses: UInt8
    /// The node that has the caller, where it reads the reply already.
    var follower: StreamFollower?

    init(
        id: ChunkStreamID, meta: ReplyMeta, prompt: String, conversation: ConversationID? = nil,
        group: GroupQuestion? = nil, losses: UInt8 = 0
    ) {
        self.id = id
        self.meta = meta
        self.prompt = prompt
        self.conversation = conversation
        self.group = group
        self.losses = losses
    }

    /// Whose tokens the reply takes.
    var user: String? { group.map { $0.asker.isEmpty ? nil : $0.asker } ?? meta.owner }

    /// The epoch in which the reply begins: later than those of a producer that has begun it before the last loss, who goes
    /// on one epoch after each.
    var firstEpoch: UInt64 { UInt64(losses) + 1 }

    init?(payload: ByteBuffer) {
        var payload = payload
        guard payload.readInteger() == Self.version, let digits = payload.readString(length: 32),
            let id = ChunkStreamID(digits), let losses: UInt8 = payload.readInteger(),
            let tag: UInt64 = payload.readInteger(), let node = payload.readString8(),
            let conversation = payload.readString8(), let groupName = payload.readString8()
        else { return nil }
        let group = groupName.isEmpty ? nil : GroupQuestion(group: groupName, &payload)
        guard (group == nil) == groupName.isEmpty,
            let length: UInt32 = payload.readInteger(),
            let meta = payload.readSlice(length: Int(length)).flatMap(ReplyMeta.init(payload:))
        else { return nil }
        self.init(
            id: id, meta: meta, prompt: String(buffer: payload), conversation: ConversationID(conversation),
            group: group, losses: losses)
        follower = tag == 0 ? nil : StreamFollower(node: NodeID(node), tag: tag)
    }

    var payload: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.version)
        buffer.writeString(id.rawValue)
        buffer.writeInteger(losses)
        buffer.writeInteger(follower?.tag ?? 0)
        buffer.writeString8(follower?.node.rawValue ?? "")
        buffer.writeString8(conversation?.rawValue ?? "")
        if let group { group.write(into: &buffer) } else { buffer.writeString8("") }
        var meta = meta.payload
        buffer.writeInteger(UInt32(meta.readableBytes))
        buffer.writeBuffer(&meta)
        buffer.writeString(prompt)
        return buffer
    }
}

/// A question to the model in a group.
struct GroupQuestion: Sendable, Equatable {
    let group: String
    /// Its place in the group's log.
    let turn: LogID
    /// The user who asked, whose tokens the reply takes; empty where nobody was authenticated.
    let asker: String

    init(group: String, turn: LogID, asker: String) {
        self.group = group
        self.turn = turn
        self.asker = asker
    }

    fileprivate init?(group: String, _ payload: inout ByteBuffer) {
        guard let epoch: UInt64 = payload.readInteger(), let seq: UInt64 = payload.readInteger(),
            let asker = payload.readString8()
        else { return nil }
        self.init(group: group, turn: LogID(epoch: epoch, seq: seq), asker: asker)
    }

    fileprivate func write(into buffer: inout ByteBuffer) {
        buffer.writeString8(group)
        buffer.writeInteger(turn.epoch)
        buffer.writeInteger(turn.seq)
        buffer.writeString8(asker)
    }
}

/// What never changes about a reply: whose it is.
///
/// Written down as version:u8 = 1, isOwned:u8, owner. Readers take the rest as the owner.
struct ReplyMeta: Sendable, Equatable {
    private static let version: UInt8 = 1

    /// The user who asked; `nil` where nobody was authenticated: then whoever knows the reply's id holds it.
    let owner: String?

    init(owner: String?) { self.owner = owner }

    init?(payload: ByteBuffer) {
        var payload = payload
        guard payload.readInteger() == Self.version, let isOwned: UInt8 = payload.readInteger() else { return nil }
        owner = isOwned == 1 ? String(buffer: payload) : nil
    }

    var payload: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.version)
        buffer.writeInteger(UInt8(owner == nil ? 0 : 1))
        buffer.writeString(owner ?? "")
        return buffer
    }

    /// Whether this user may resume and stop the reply.
    func isHeld(by user: String?) -> Bool { owner == nil || owner == user }
}
