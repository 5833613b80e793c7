import ChatModels
import ChunkStreams
import HubBackplane
import NIOCore
import Testing

@testable import ChatHub

@Suite struct GroupChatTests {
    private static let id = ChunkStreamID()

    @Test(arguments: [
        GroupEntry.Content.message(userName: "Zoë", text: "hello\n👋🏽", connection: "c1"),
        .reply(id, askedBy: "ann"),
        .replied(id, text: ""),
    ])
    func entriesAreReadAsTheyWereWritten(content: GroupEntry.Content) throws {
        let entry = GroupEntry(id: LogID(epoch: 1_700_000_000_000, seq: 7), at: 123, content: content)
        #expect(GroupEntry(payload: entry.payload) == entry)
        for length in 0..<(entry.payload.readableBytes - 4) where length < 26 {
            #expect(GroupEntry(payload: try #require(entry.payload.getSlice(at: 0, length: length))) == nil)
        }
    }

    @Test(arguments: [
        ("@gpt hello", "hello"), ("hello @GPT", "hello"), ("what, @gpt? really", "what,  really"), ("@gpt", ""),
        ("(@gpt) one @gpt two", "one  two"), ("two\nlines @gpt", "two\nlines"),
        ("mail@gpt.org", nil), ("@gpts", nil), ("gpt", nil), ("", nil), ("@@gpt", nil),
    ])
    func theModelIsMentionedByAWordOfItsOwn(message: String, question: String?) {
        #expect(GroupMention.question(in: message) == question)
    }

    @Test func entriesThatFollowAreDeliveredAndTheLogIsReadWhereOneIsMissing() {
        var following = GroupFollowing()
        func id(_ seq: UInt64, epoch: UInt64 = 5) -> LogID { LogID(epoch: epoch, seq: seq) }
        #expect(following.subscribed() == .readLog)
        // Comes while the log is read, which may have been read past it.
        #expect(following.heard(id(2)) == .none)
        #expect(following.read(id(1)) == .deliver)
        #expect(following.hasRead() == .readLog)
        #expect(following.read(id(2)) == .deliver)
        #expect(following.hasRead() == .none)
        #expect(following.heard(id(2)) == .none)
        #expect(following.heard(id(3)) == .deliver)
        #expect(following.heard(id(5)) == .readLog)
        #expect(following.position == id(3))
        following.readFailed()
        #expect(following.heard(id(6)) == .readLog)
        for seq in 4...6 { #expect(following.read(id(UInt64(seq))) == .deliver) }
        #expect(following.hasRead() == .none)
        // A log that was lost begins again.
        #expect(following.heard(id(1, epoch: 6)) == .readLog)
        #expect(following.read(id(1, epoch: 6)) == .deliver)
        #expect(following.hasRead() == .none)
        #expect(following.heard(id(7)) == .none)
        #expect(following.heard(id(2, epoch: 6)) == .deliver)
    }

    @Test func aReplyStandsWhereItBeganAndOldMessagesGo() {
        var history = GroupHistory(limit: 3)
        let contents: [GroupEntry.Content] = [
            .message(userName: "ann", text: "one", connection: "1"), .reply(Self.id, askedBy: "ann"),
            .message(userName: "bob", text: "two", connection: "2"), .replied(Self.id, text: "answer"),
            .message(userName: "bob", text: "three", connection: "2"),
        ]
        for (index, content) in contents.enumerated() {
            history.append(GroupEntry(id: LogID(epoch: 1, seq: UInt64(index + 1)), at: 0, content: content))
        }
        #expect(history.items.map(\.id.seq) == [2, 3, 5])
        #expect(history.items.first?.content == .reply(Self.id, askedBy: "ann", text: "answer"))
        let turn = LogID(epoch: 1, seq: 5)
        let told = history.messages(before: turn, atMost: 100)
        #expect(told.map(\.text) == ["answer", "bob: two"])
        #expect(told.map(\.role) == [.assistant, .user])
        #expect(history.messages(before: turn, atMost: 8).map(\.text) == ["bob: two"])
    }

    @Test func asksTellTheGroup() {
        let group = GroupQuestion(group: "g", turn: LogID(epoch: 1, seq: 2), asker: "u")
        let ask = Ask(id: Self.id, meta: ReplyMeta(owner: nil), prompt: "hello", group: group)
        #expect(Ask(payload: ask.payload) == ask)
        #expect(ask.user == "u")
    }

    @Test func ofManyWritersEachHasItsPlace() async throws {
        let backplane = InMemoryBackplane()
        let log = GroupLog(
            backplane: backplane, names: BackplaneNames(app: "test"), configuration: GroupChatConfiguration())
        try await withThrowingDiscardingTaskGroup { group in
            for writer in 0..<8 {
                group.addTask {
                    for number in 0..<10 {
                        try await log.append(
                            .message(userName: "\(writer)", text: "\(number)", connection: ""), to: "g")
                    }
                }
            }
        }
        let history = try await log.history(of: "g")
        #expect(history.items.map(\.id.seq) == Array(1...80))
        for writer in 0..<8 {
            let texts = history.items.compactMap { item -> String? in
                guard case .message("\(writer)", let text, _) = item.content else { return nil }
                return text
            }
            #expect(texts == (0..<10).map(String.init))
        }
    }
}
