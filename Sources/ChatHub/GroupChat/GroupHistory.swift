import ChatModels
import ChunkStreams
import HubBackplane

/// What was said in a group, the last of it: the group's log, in which replies stand where they began.
struct GroupHistory: Sendable {
    struct Item: Sendable, Equatable {
        enum Content: Sendable, Equatable {
            case message(userName: String, text: String, connection: String)
            /// The text is there once the reply has ended.
            case reply(ChunkStreamID, askedBy: String, text: String?)
        }

        let id: LogID
        let at: Int64
        var content: Content
    }

    private(set) var items: [Item] = []
    /// The last entry that is in it.
    private(set) var last: LogID?
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func append(_ entry: GroupEntry) {
        last = entry.id
        switch entry.content {
        case .message(let userName, let text, let connection):
            let content = Item.Content.message(userName: userName, text: text, connection: connection)
            items.append(Item(id: entry.id, at: entry.at, content: content))
        case .reply(let id, let askedBy):
            let content = Item.Content.reply(id, askedBy: askedBy, text: nil)
            items.append(Item(id: entry.id, at: entry.at, content: content))
        case .replied(let id, let text):
            guard let index = items.lastIndex(where: { $0.content.reply == id }) else { return }
            if case .reply(_, let askedBy, _) = items[index].content {
                items[index].content = .reply(id, askedBy: askedBy, text: text)
            }
        }
        if items.count > limit { items.removeFirst(items.count - limit) }
    }

    /// What a model is told of it: what came before a question, the last of that, and the question.
    ///
    /// - Parameters:
    ///   - turn: The entry of the question.
    ///   - bytes: The most bytes of text before the question.
    func messages(before turn: LogID, atMost bytes: Int) -> [ChatMessage] {
        var rest = bytes
        var messages: [ChatMessage] = []
        for item in items.reversed() where item.id < turn {
            guard let message = item.message else { continue }
            rest -= message.text.utf8.count
            if rest < 0 { break }
            messages.append(message)
        }
        return messages.reversed()
    }
}

extension GroupHistory.Item.Content {
    var reply: ChunkStreamID? { if case .reply(let id, _, _) = self { id } else { nil } }
}

extension GroupHistory.Item {
    fileprivate var message: ChatMessage? {
        switch content {
        case .message(let userName, let text, _): ChatMessage(role: .user, text: "\(userName): \(text)")
        case .reply(_, _, let text?): ChatMessage(role: .assistant, text: text)
        case .reply(_, _, nil): nil
        }
    }
}
