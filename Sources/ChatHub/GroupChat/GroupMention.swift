/// `@gpt` in a message: anywhere, in any case, as a word of its own.
enum GroupMention {
    private static let mention = "@gpt"

    /// What is left of a message without it; `nil` where the model is not mentioned.
    static func question(in message: String) -> String? {
        var question = ""
        var rest = message.startIndex
        var isMentioned = false
        for word in message.split(whereSeparator: \.isWhitespace) {
            let bare = word.trimmed { $0.isPunctuation && $0 != "@" }
            guard bare.lowercased() == mention else { continue }
            isMentioned = true
            question += message[rest..<word.startIndex]
            rest = word.endIndex
        }
        return isMentioned ? String((question + message[rest...])[...].trimmed(\.isWhitespace)) : nil
    }
}

extension Substring {
    fileprivate func trimmed(_ isLeftOut: (Character) -> Bool) -> Substring {
        let start = drop(while: isLeftOut)
        return start.lastIndex { !isLeftOut($0) }.map { start[...$0] } ?? ""
    }
}
