import NIOCore

/// A reply that a filter looks at in gathered pieces, one at a time, while the model goes on.
///
/// The model waits where more has gathered than ``maximumPieces`` pieces, or where it has handed over something other than text,
/// until the filter has looked at all that came before.
struct GatheredReplyStateMachine {
    enum Action {
        /// To the receiver.
        case deliver(ChatUpdate)
        /// The filter is to look at this; its word is awaited by ``judged(_:now:)``.
        case judge(ContentExcerpt)
        /// The model may hand over its next update.
        case takeNext
        /// ``wake(now:)`` is to be called then.
        case wake(after: Duration)
        case end(ChatReplyEnd)
        case fail(any Error)
    }

    /// How much text gathers while the filter looks at what came before.
    private static let maximumPieces = 4

    private let mode: ContentFilterMiddleware.Mode
    private let replacement: String
    private let bytes: Int
    private let interval: Duration
    private var text: JudgedText
    /// Since when text has waited for the filter to look at it.
    private var waitingSince: ContinuousClock.Instant?
    /// What the filter is looking at.
    private var asked: Asked?
    private var willWake = false
    private var modelWaits = false
    /// Something other than text, until all text before it was looked at.
    private var held: ChatUpdate?
    private var modelEnd: Result<ChatReplyEnd, any Error>?

    private struct Asked {
        let isEnd: Bool
    }

    init(
        mode: ContentFilterMiddleware.Mode, replacement: String, lookback: Int, bytes: Int, interval: Duration
    ) {
        self.mode = mode
        self.replacement = replacement
        self.bytes = max(bytes, 1)
        self.interval = interval
        text = JudgedText(lookback: lookback)
    }

    mutating func receive(_ update: ChatUpdate, now: ContinuousClock.Instant) -> [Action] {
        modelWaits = true
        guard case .text(let piece) = update else {
            held = update
            return advance(now)
        }
        text.append(piece)
        waitingSince = waitingSince ?? now
        return (mode == .asynchronous ? [.deliver(update)] : []) + advance(now)
    }

    /// The model has ended, by whatever means.
    mutating func ended(_ end: Result<ChatReplyEnd, any Error>, now: ContinuousClock.Instant) -> [Action] {
        if case .failure(let error) = end, !(error is ChatModelError) { return [.fail(error)] }
        modelEnd = end
        return advance(now)
    }

    mutating func wake(now: ContinuousClock.Instant) -> [Action] {
        willWake = false
        return advance(now)
    }

    /// The filter has looked at the excerpt.
    mutating func judged(_ word: Result<ContentViolation?, any Error>, now: ContinuousClock.Instant) -> [Action] {
        guard let asked = asked.take() else { return [] }
        switch word {
        case .success(nil):
            return show(text.pass(upTo: nil, isLast: asked.isEnd)) + advance(now)
        case .success(let violation?):
            let place = text.place(of: violation.start)
            return show(text.pass(upTo: violation.start, isLast: false)) + block(violation, from: place)
        case .failure(is UnjudgedText):
            let retraction = ChatRetraction(keepBytes: text.passedBytes, category: UnjudgedText.category)
            let takenBack: [Action] = mode == .asynchronous ? [.deliver(.retraction(retraction))] : []
            return takenBack + [.fail(ChatModelError(.unfiltered))]
        case .failure(let error):
            return [.fail(error)]
        }
    }

    private func show(_ passed: ByteBuffer) -> [Action] {
        mode == .default && passed.readableBytes > 0 ? [.deliver(.text(passed))] : []
    }

    private func block(_ violation: ContentViolation, from place: Int) -> [Action] {
        var end = ChatReplyEnd(finish: .contentFilter)
        if case .success(let known) = modelEnd {
            end = known
            end.finish = .contentFilter
        }
        let update = ChatUpdate(replacing: violation, from: place, by: replacement, mode: mode)
        return (update.map { [.deliver($0)] } ?? []) + [.end(end)]
    }

    /// Does what is due where the filter looks at nothing just now.
    private mutating func advance(_ now: ContinuousClock.Instant) -> [Action] {
        var actions: [Action] = []
        let isFlushed = held != nil || modelEnd != nil
        if asked == nil {
            if isDue(now) || isFlushed && text.newBytes > 0 {
                asked = Asked(isEnd: isFlushed)
                waitingSince = nil
                actions.append(.judge(text.excerpt(isEnd: isFlushed)))
            } else if isFlushed {
                actions += show(text.passJudged())
                if let update = held.take() {
                    if case .retraction(let retraction) = update { text.retract(retraction) }
                    actions.append(.deliver(update))
                }
                if let modelEnd { return actions + [modelEnd.action] }
            }
        }
        if modelWaits, held == nil, text.newBytes < Self.maximumPieces * bytes {
            modelWaits = false
            actions.append(.takeNext)
        }
        if asked == nil, !willWake, let waitingSince {
            willWake = true
            actions.append(.wake(after: max(waitingSince + interval - now, .zero)))
        }
        return actions
    }

    private func isDue(_ now: ContinuousClock.Instant) -> Bool {
        guard let waitingSince else { return false }
        return text.newBytes >= bytes || now >= waitingSince + interval
    }
}

extension Result<ChatReplyEnd, any Error> {
    fileprivate var action: GatheredReplyStateMachine.Action {
        switch self {
        case .success(let end): .end(end)
        case .failure(let error): .fail(error)
        }
    }
}
