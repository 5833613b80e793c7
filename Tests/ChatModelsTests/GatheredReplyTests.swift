import HubTesting
import Logging
import NIOCore
import Synchronization
import Testing

@testable import ChatModels

/// Finds a word, and takes its time.
private final class SlowFilter: ContentFilter {
    struct Away: Error {}

    let lookbackBytes = 8
    let pace: ContentFilterPace
    let blocked: String
    let delay: Duration
    let fails: Bool
    let asked = Mutex<[ContentExcerpt]>([])

    init(_ blocked: String, bytes: Int, interval: Duration = .seconds(60), delay: Duration = .zero, fails: Bool = false)
    {
        pace = .gathered(bytes: bytes, interval: interval)
        (self.blocked, self.delay, self.fails) = (blocked, delay, fails)
    }

    func firstViolation(in excerpt: ContentExcerpt) async throws -> ContentViolation? {
        guard excerpt.source == .reply else { return nil }
        asked.withLock { $0.append(excerpt) }
        try await Task.sleep(for: delay)
        if fails { throw Away() }
        return excerpt.text.contains(blocked) ? ContentViolation(category: "hate", start: 0) : nil
    }
}

/// Says the given pieces, then waits if it is to, then ends.
private struct PausingModel: ChatModel {
    let pieces: [String]
    var pause = Duration.zero
    var end: ChatModelError?

    func reply(to request: ChatRequest, receive: (ChatUpdate) async throws -> Void) async throws -> ChatReplyEnd {
        for piece in pieces { try await receive(.text(ByteBuffer(string: piece))) }
        try await Task.sleep(for: pause)
        if let end { throw end }
        return ChatReplyEnd(finish: .stop, usage: TokenUsage(inputTokens: 1, outputTokens: 2))
    }
}

@Suite(.timeLimit(.minutes(1))) struct GatheredReplyTests {
    private struct Outcome {
        var text = ""
        var shown: [String] = []
        var retractions: [ChatRetraction] = []
        var end: ChatReplyEnd?
        var error: ChatModelError?
    }

    private func outcome(
        _ model: PausingModel, _ filter: SlowFilter, _ mode: ContentFilterMiddleware.Mode = .default,
        replacement: String = "", failsOpen: Bool = false
    ) async throws -> Outcome {
        let middleware = ContentFilterMiddleware(
            filter, mode: mode, replacement: replacement, failsOpen: failsOpen,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        var outcome = Outcome()
        do {
            outcome.end = try await model.with(middleware).reply(
                to: ChatRequest(messages: [ChatMessage(role: .user, text: "Hi")])
            ) { update in
                switch update {
                case .text(let text):
                    outcome.shown.append(String(buffer: text))
                    outcome.text += String(buffer: text)
                case .retraction(let retraction):
                    outcome.retractions.append(retraction)
                    let kept = outcome.text.utf8.prefix(retraction.keepBytes)
                    outcome.text = String(decoding: kept, as: UTF8.self) + retraction.replacement
                }
            }
        } catch let error as ChatModelError {
            outcome.error = error
        }
        return outcome
    }

    @Test(arguments: ContentFilterMiddleware.Mode.allCases)
    func aReplyIsLookedAtInPieces(mode: ContentFilterMiddleware.Mode) async throws {
        let pieces = (0..<100).map { "word \($0) 😀 " }
        let filter = SlowFilter("never", bytes: 100)
        let outcome = try await outcome(PausingModel(pieces: pieces), filter, mode)
        #expect(outcome.text == pieces.joined() && outcome.end?.finish == .stop && outcome.end?.usage?.inputTokens == 1)
        let asked = filter.asked.withLock { $0 }
        #expect((2...pieces.joined().utf8.count / 100 + 1).contains(asked.count))
        #expect(asked.allSatisfy { $0.text.utf8.count < 5 * 100 + 2 * 8 + 20 })
        #expect(asked.first?.isBeginning == true && asked.last?.isEnd == true)
        for (one, next) in zip(asked, asked.dropFirst()) {
            #expect((8...24).contains { one.text.utf8.suffix($0).elementsEqual(next.text.utf8.prefix($0)) })
        }
        if mode == .asynchronous { #expect(outcome.shown == pieces) }
    }

    @Test func inDefaultModeNothingBlockedIsShown() async throws {
        let pieces = ["one two three ", "four five six ", "a bad", " word. ", "more"]
        let outcome = try await outcome(PausingModel(pieces: pieces), SlowFilter("bad", bytes: 10), replacement: "…")
        #expect(outcome.text.hasPrefix("one") && outcome.text.hasSuffix("…") && outcome.end?.finish == .contentFilter)
        #expect(!outcome.text.contains("bad") && outcome.retractions.isEmpty)
    }

    /// The model goes on while the filter looks, and what it finds is told while the model is silent.
    @Test func inAsynchronousModeTextGoesOutAtOnce() async throws {
        let filter = SlowFilter("bad", bytes: 10, delay: .milliseconds(20))
        let model = PausingModel(pieces: ["one two three ", "a bad", " word, ", "more"], pause: .seconds(50))
        let outcome = try await outcome(model, filter, .asynchronous, replacement: "…")
        #expect(outcome.shown == model.pieces && outcome.end?.finish == .contentFilter)
        #expect(outcome.retractions.map(\.category) == ["hate"])
        #expect(!outcome.text.contains("bad") && outcome.text.hasSuffix("…"))
    }

    /// However little it is.
    @Test func textOfASilentModelIsShownWhenItHasWaited() async throws {
        let shown = Mutex(false)
        let filter = SlowFilter("bad", bytes: 1000, interval: .milliseconds(10))
        let middleware = ContentFilterMiddleware(filter, logger: Logger(label: "test"))
        let model = PausingModel(pieces: ["a long enough piece"], pause: .seconds(50)).with(middleware)
        let reply = Task {
            try await model.reply(to: ChatRequest(messages: [])) { _ in shown.withLock { $0 = true } }
        }
        while !shown.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
        reply.cancel()
        await #expect(throws: CancellationError.self) { try await reply.value }
    }

    @Test func aFilterThatFailsLetsNothingThroughUnlessTold() async throws {
        let model = PausingModel(pieces: ["one two three ", "four"])
        let closed = try await outcome(model, SlowFilter("", bytes: 100, fails: true))
        #expect(closed.error?.code == .contentFilter && closed.error?.retryable == true && closed.text == "")
        let late = try await outcome(model, SlowFilter("", bytes: 100, fails: true), .asynchronous)
        #expect(late.error?.code == .contentFilter && late.shown == model.pieces && late.text == "")
        #expect(late.retractions.map(\.category) == ["unfiltered"])
        let open = try await outcome(model, SlowFilter("", bytes: 100, fails: true), failsOpen: true)
        #expect(open.text == "one two three four" && open.end?.finish == .stop)
    }

    @Test(arguments: ContentFilterMiddleware.Mode.allCases)
    func whatAFailedModelHasSaidIsLookedAt(mode: ContentFilterMiddleware.Mode) async throws {
        var model = PausingModel(pieces: ["some text"], end: ChatModelError(.truncated))
        let good = try await outcome(model, SlowFilter("bad", bytes: 100), mode)
        #expect(good.text == "some text" && good.error?.code == .truncated)
        model = PausingModel(pieces: ["bad text"], end: ChatModelError(.truncated))
        let bad = try await outcome(model, SlowFilter("bad", bytes: 100), mode)
        #expect(bad.text == "" && bad.end?.finish == .contentFilter)
    }

    /// A filter that hangs keeps the model from going on for ever.
    @Test func theModelWaitsForAFilterThatIsFarBehind() {
        var reply = GatheredReplyStateMachine(
            mode: .asynchronous, replacement: "", lookback: 0, bytes: 10, interval: .seconds(60))
        let now = ContinuousClock.now
        var turns = 0
        for _ in 0..<4 {
            let actions = reply.receive(.text(ByteBuffer(string: "0123456789")), now: now)
            turns += actions.count { if case .takeNext = $0 { true } else { false } }
        }
        #expect(turns == 3)
        let freed = reply.judged(.success(nil), now: now)
        #expect(freed.contains { if case .takeNext = $0 { true } else { false } })
    }
}
