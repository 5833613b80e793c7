import Histogram
import NIOCore

/// What was counted and timed; times are microseconds.
struct LoadFigures: Sendable {
    private(set) var connections = 0
    private(set) var asks = 0
    private(set) var completed = 0
    private(set) var partials = 0
    private(set) var chunks = 0
    private(set) var bytes = 0
    private(set) var missing = 0
    private(set) var duplicated = 0
    private(set) var outOfOrder = 0
    /// Messages of replies that this connection did not ask for.
    private(set) var foreign = 0
    private(set) var texts = 0
    private(set) var hashedTexts = 0
    private(set) var wrongTexts = 0
    private(set) var failures: [String: Int] = [:]
    /// Connections that were lost, or cut, and made again.
    private(set) var reconnects = 0
    /// Replies that went on over another connection.
    private(set) var resumes = 0

    /// HTTP requests, those for negotiating not counted.
    private(set) var requests = RequestCounts()

    private(set) var connect = Self.histogram()
    /// From the handshake's request to its answer.
    private(set) var handshake = Self.histogram()
    private(set) var post = Self.histogram()
    var firstChunk = Self.histogram()
    /// From one text of a reply to the next.
    var interChunk = Self.histogram()
    private(set) var ask = Self.histogram()
    var latency = Self.histogram()

    /// When connections were opened and chunks received, in nanoseconds of the monotonic clock.
    private(set) var connecting: ClosedRange<UInt64>?
    private(set) var receiving: ClosedRange<UInt64>?

    /// Up to an hour, to a hundredth.
    private static func histogram() -> Histogram<UInt64> {
        Histogram(highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: .two)
    }

    mutating func connected(after time: TimeAmount) {
        connections += 1
        connect.record(UInt64(clamping: time.nanoseconds / 1000))
        let now = NIODeadline.now().uptimeNanoseconds
        connecting = Self.extended(connecting, by: now - UInt64(clamping: time.nanoseconds)...now)
    }

    mutating func shookHands(after time: TimeAmount) {
        handshake.record(UInt64(clamping: time.nanoseconds / 1000))
    }

    mutating func connectFailed(_ code: String) { failures[code, default: 0] += 1 }

    /// An open connection ended.
    mutating func disconnected(_ code: String) { failures["connection_" + code, default: 0] += 1 }

    mutating func reconnected(resuming replies: Int) {
        reconnects += 1
        resumes += replies
    }

    /// A `POST` was answered.
    mutating func posted(after time: TimeAmount) {
        requests.posts += 1
        post.record(UInt64(clamping: time.nanoseconds / 1000))
    }

    /// A poll was sent.
    mutating func polled() { requests.polls += 1 }

    mutating func asked() { asks += 1 }

    mutating func received(chunks: Int, bytes: Int, at now: UInt64) {
        partials += 1
        self.chunks += chunks
        self.bytes += bytes
        receiving = Self.extended(receiving, by: now...now)
    }

    mutating func receivedForeign() { foreign += 1 }

    mutating func failed(_ reply: OpenReply, code: String) {
        failures[code, default: 0] += 1
        count(reply.order, of: nil)
    }

    /// The invocation of a reply has been answered.
    mutating func ended(_ reply: OpenReply, at now: UInt64) {
        switch reply.end {
        case nil: failed(reply, code: "no_end")
        case .failed(let code): failed(reply, code: code)
        case .completed(let summary):
            completed += 1
            if reply.isTimed { ask.record((now &- reply.askedAt) / 1000) }
            // Only the synthetic model's chunks can be told apart.
            count(reply.order, of: reply.order.received > 0 ? summary?.chunks : nil)
            if let summary { check(reply, summary) }
        }
    }

    private mutating func count(_ order: ChunkOrder, of count: Int?) {
        missing += order.missing(of: count)
        duplicated += order.duplicated
        outOfOrder += order.outOfOrder
    }

    private mutating func check(_ reply: OpenReply, _ summary: ReplySummary) {
        texts += 1
        let digest = summary.sha256 == nil ? nil : reply.digest
        if digest != nil { hashedTexts += 1 }
        if reply.bytes != summary.bytes ?? reply.bytes || digest != nil && digest != summary.sha256 { wrongTexts += 1 }
    }

    mutating func add(_ other: LoadFigures) {
        connections += other.connections
        asks += other.asks
        completed += other.completed
        reconnects += other.reconnects
        resumes += other.resumes
        partials += other.partials
        chunks += other.chunks
        bytes += other.bytes
        missing += other.missing
        duplicated += other.duplicated
        outOfOrder += other.outOfOrder
        foreign += other.foreign
        texts += other.texts
        hashedTexts += other.hashedTexts
        wrongTexts += other.wrongTexts
        failures.merge(other.failures, uniquingKeysWith: +)
        requests += other.requests
        connect.add(other.connect)
        handshake.add(other.handshake)
        interChunk.add(other.interChunk)
        post.add(other.post)
        firstChunk.add(other.firstChunk)
        ask.add(other.ask)
        latency.add(other.latency)
        if let range = other.connecting { connecting = Self.extended(connecting, by: range) }
        if let range = other.receiving { receiving = Self.extended(receiving, by: range) }
    }

    private static func extended(_ range: ClosedRange<UInt64>?, by other: ClosedRange<UInt64>) -> ClosedRange<UInt64> {
        guard let range else { return other }
        return min(range.lowerBound, other.lowerBound)...max(range.upperBound, other.upperBound)
    }
}
