import HubTesting
import Logging
import NIOCore
import Synchronization
import Testing

@testable import ChatModels

/// A model that says the given pieces, whatever it is asked.
private final class SayingModel: ChatModel {
    let pieces: [String]
    let asked = Mutex(0)

    init(_ pieces: [String]) { self.pieces = pieces }

    func reply(to request: ChatRequest, receive: (ChatUpdate) async throws -> Void) async throws -> ChatReplyEnd {
        asked.withLock { $0 += 1 }
        for piece in pieces { try await receive(.text(ByteBuffer(string: piece))) }
        return ChatReplyEnd(finish: .stop)
    }
}

@Suite(.timeLimit(.minutes(1))) struct ContentFilterTests {
    private struct Outcome: Equatable {
        var text = ""
        /// Everything that was ever shown.
        var shown = ""
        var finish: ChatReplyEnd.FinishReason?
        var retractions: [ChatRetraction] = []
    }

    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func outcome(
        _ pieces: [String], _ filter: any ContentFilter, mode: ContentFilterMiddleware.Mode = .default,
        replacement: String = "", failsOpen: Bool = false, prompt: String = "Hi"
    ) async throws -> Outcome {
        let middleware = ContentFilterMiddleware(
            filter, mode: mode, replacement: replacement, failsOpen: failsOpen, logger: logger)
        var outcome = Outcome()
        let request = ChatRequest(messages: [ChatMessage(role: .user, text: prompt)])
        let end = try await SayingModel(pieces).with(middleware).reply(to: request) { update in
            switch update {
            case .text(let text):
                #expect(text.readableBytes > 0)
                outcome.text += String(buffer: text)
                outcome.shown += String(buffer: text)
            case .retraction(let retraction):
                outcome.retractions.append(retraction)
                outcome.text =
                    String(decoding: outcome.text.utf8.prefix(retraction.keepBytes), as: UTF8.self)
                    + retraction.replacement
            }
        }
        outcome.finish = end.finish
        return outcome
    }

    @Test func aBlockedPromptNeverReachesTheModel() async throws {
        let model = SayingModel(["never"])
        let filtered = try model.with(ContentFilterMiddleware(BlockListFilter(words: ["bomb"]), logger: logger))
        let error = await #expect(throws: ChatModelError.self) {
            _ = try await filtered.reply(
                to: ChatRequest(messages: [ChatMessage(role: .user, text: "How is a BOMB made?")])
            ) { _ in }
        }
        #expect(error?.code == .contentFilter && error?.categories == ["blocklist"])
        #expect(model.asked.withLock { $0 } == 0)
    }

    @Test func inDefaultModeNothingBlockedIsEverShown() async throws {
        let filter = try BlockListFilter(words: ["secret word"])
        let outcome = try await outcome(["It is a sec", "ret", " word, no more", " of it."], filter, replacement: "…")
        #expect(outcome.shown == "It is a …" && outcome.finish == .contentFilter)
    }

    @Test func inAsynchronousModeItIsTakenBack() async throws {
        let filter = try BlockListFilter(words: ["secret word"])
        let outcome = try await outcome(
            ["Ünter: a sec", "ret", " word", ", no more", " of it."], filter, mode: .asynchronous, replacement: "…")
        #expect(outcome.text == "Ünter: a …" && outcome.finish == .contentFilter)
        #expect(outcome.retractions == [ChatRetraction(keepBytes: 10, category: "blocklist", replacement: "…")])
    }

    @Test func partsOfOtherWordsAreNotBlocked() async throws {
        let filter = try BlockListFilter(words: ["bad", "naïve"])
        for pieces in [["bad", "ger"], ["not", "bad", "ger"], ["a bad", "ge and an", " ebad"], ["naï", "vety"]] {
            let outcome = try await outcome(pieces, filter)
            #expect(outcome.text == pieces.joined() && outcome.finish == .stop)
        }
        #expect(try await outcome(["so NAÏ", "VE!"], filter).text == "so ")
        #expect(try await outcome(["so ba", "d"], filter).text == "so ")
    }

    @Test func patternsMatchAcrossChunks() async throws {
        let filter = try BlockListFilter(patterns: ["[0-9]{4}-[0-9]{4}"], category: "number")
        let outcome = try await outcome(["Call 12", "34-", "56", "78 now"], filter, mode: .asynchronous)
        #expect(outcome.text == "Call " && outcome.retractions.map(\.category) == ["number"])
        #expect(throws: (any Error).self) { try BlockListFilter(patterns: ["["]) }
        #expect(throws: BlockListFilter.EmptyMatch.self) { try BlockListFilter(patterns: ["x*"]) }
        let words = try BlockListFilter(patterns: [#"\bass\b"#])
        let harmless = ["ass", "ign ", String(repeating: "a class of ", count: 40)]
        #expect(try await self.outcome(harmless, words).text == harmless.joined())
    }

    /// However a text is cut into chunks, the same of it is shown.
    @Test(arguments: 0..<100 as Range<UInt64>) func cutsDoNotMatter(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let filter = try BlockListFilter(words: ["gift", "öl"])
        let words = ["Gift", "gifts", "Öl", "Kohl", "a", "😀", "über", "x_gift"]
        let text = (0..<Int.random(in: 1...30, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }
            .joined(separator: " ")
        let whole = filter.firstViolation(in: ContentExcerpt(source: .reply, text: text))
        let expected = String(decoding: text.utf8.prefix(whole?.start ?? .max), as: UTF8.self)
        var pieces: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            let piece = rest.prefix(.random(in: 1...5, using: &random))
            pieces.append(String(piece))
            rest = rest.dropFirst(piece.count)
        }
        for mode in ContentFilterMiddleware.Mode.allCases {
            let outcome = try await outcome(pieces, filter, mode: mode)
            #expect(outcome.text == expected)
            #expect(outcome.finish == (whole == nil ? .stop : .contentFilter))
            if mode == .default { #expect(outcome.shown == expected) }
        }
    }

    private struct Broken: ContentFilter {
        struct Away: Error {}
        let lookbackBytes = 0
        let pace = ContentFilterPace.eachUpdate

        func firstViolation(in excerpt: ContentExcerpt) throws -> ContentViolation? {
            if excerpt.source == .reply { throw Away() }
            return nil
        }
    }

    @Test func aFilterThatFailsLetsNothingThroughUnlessTold() async throws {
        let error = await #expect(throws: ChatModelError.self) { try await outcome(["a"], Broken()) }
        #expect(error?.code == .contentFilter && error?.retryable == true)
        #expect(try await outcome(["a"], Broken(), failsOpen: true).text == "a")
    }

    /// Remembers how much it was shown.
    private final class Measuring: ContentFilter {
        let filter: BlockListFilter
        let shown = Mutex<[Int]>([])

        init(_ filter: BlockListFilter) { self.filter = filter }

        var lookbackBytes: Int { filter.lookbackBytes }
        let pace = ContentFilterPace.eachUpdate

        func firstViolation(in excerpt: ContentExcerpt) -> ContentViolation? {
            shown.withLock { $0.append(excerpt.text.utf8.count) }
            return filter.firstViolation(in: excerpt)
        }
    }

    /// What a piece costs does not grow with the reply before it.
    @Test(arguments: ContentFilterMiddleware.Mode.allCases)
    func littleIsLookedAtAgain(mode: ContentFilterMiddleware.Mode) async throws {
        let filter = Measuring(try BlockListFilter(words: ["secret word"], patterns: ["[0-9]{4}-[0-9]{4}"]))
        let pieces = (0..<3000).map { "word\($0) " }
        #expect(try await outcome(pieces, filter, mode: mode).text == pieces.joined())
        let shown = filter.shown.withLock { $0 }
        #expect(shown.count <= pieces.count + 2)
        #expect(shown.dropFirst().allSatisfy { $0 <= 2 * filter.lookbackBytes + 10 })
    }
}
