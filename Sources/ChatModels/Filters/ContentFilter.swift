/// Judges text, of prompts and of replies: for models that have no filter of their own, or none that is strict enough.
public protocol ContentFilter: Sendable {
    /// How many bytes before new text it has to see again: what it looks for may begin there.
    var lookbackBytes: Int { get }
    /// When new text is worth a look.
    var pace: ContentFilterPace { get }

    /// Looks at some text.
    ///
    /// - Returns: The first thing in it that it blocks, `nil` for none.
    /// - Throws: Whatever keeps it from judging; ``ContentFilterMiddleware`` says what comes of that.
    func firstViolation(in excerpt: ContentExcerpt) async throws -> ContentViolation?
}

/// How often a filter looks at a reply that is being written.
public enum ContentFilterPace: Sendable, Hashable {
    /// At each piece that the model hands over: for filters that cost little and wait for nothing.
    case eachUpdate
    /// At pieces that were gathered, while the model goes on: for filters that ask a service, whose requests are counted so.
    /// There are at most one for each `bytes` of text and one for each `interval`.
    ///
    /// - Parameters:
    ///   - bytes: So much new text is looked at.
    ///   - interval: Less is, when it has waited for so long.
    case gathered(bytes: Int, interval: Duration)
}

/// Text that is to be judged.
public struct ContentExcerpt: Sendable, Hashable {
    /// Whose text it is.
    public enum Source: Sendable, Hashable {
        /// What a person has written.
        case prompt
        /// What a model has.
        case reply
    }

    public var source: Source
    public var text: String
    /// Nothing stands before it. Else what lies in its first ``ContentFilter/lookbackBytes`` was seen before.
    public var isBeginning: Bool
    /// Nothing follows. Else what touches its end is seen again, with more behind it.
    public var isEnd: Bool

    public init(source: Source, text: String, isBeginning: Bool = true, isEnd: Bool = true) {
        self.source = source
        self.text = text
        self.isBeginning = isBeginning
        self.isEnd = isEnd
    }
}

/// Something that a filter blocks.
public struct ContentViolation: Sendable, Hashable {
    /// Why, as a word that programs compare, such as `violence`.
    public var category: String
    /// Where it begins, in bytes of UTF-8 from the beginning of the text that was looked at.
    public var start: Int

    public init(category: String, start: Int) {
        self.category = category
        self.start = start
    }
}
