/// What a client calls a conversation: 1 to 64 letters, digits, `-` and `_`.
struct ConversationID: Sendable, Hashable {
    private static let mostCharacters = 64

    private static let characters = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    let rawValue: String

    init?(_ rawValue: String) {
        guard (1...Self.mostCharacters).contains(rawValue.utf8.count),
            rawValue.utf8.allSatisfy({ Self.characters.contains($0) })
        else { return nil }
        self.rawValue = rawValue
    }
}
