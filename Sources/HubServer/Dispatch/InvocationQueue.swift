import DequeModule
import HubProtocol
import NIOCore

/// The invocations of one connection: which run, and which wait for a place. A value without I/O.
///
/// Invocations start in the order in which they came, at most so many side by side. Streams, long-running methods and those
/// that read streams of the client's take no place of these but one in the background; there nothing waits. One that waits
/// for its client goes there too.
struct InvocationQueue {
    typealias Number = UInt64

    /// What has to become of an invocation that arrived.
    enum Arrival {
        case start(Invocation)
        case wait
        case refuse(Refusal)
    }

    enum Refusal { case idInUse(String), tooManyInBackground }

    private struct Running {
        let invocationID: String?
        var isInBackground: Bool
        let task: InvocationTask
    }

    private let limit: Int
    private let backgroundLimit: Int
    private var lastNumber: Number = 0
    private var running: [Number: Running] = [:]
    private var inBackground = 0
    private var numbers: [String: Number] = [:]
    private var waiting = Deque<Invocation>()
    private var waitingBytes = 0

    init(limit: Int, backgroundLimit: Int) {
        self.limit = limit
        self.backgroundLimit = backgroundLimit
    }

    var isEmpty: Bool { running.isEmpty && waiting.isEmpty }

    /// Whether no more can wait: the client is not read from until some have started.
    var isFull: Bool { waitingBytes >= 64 * 1024 || waiting.count >= 128 }

    mutating func arrived(_ message: InvocationMessage, for method: HubMethod) -> Arrival {
        if let id = message.invocationID, numbers[id] != nil { return .refuse(.idInUse(id)) }
        if method.runsInBackground, inBackground >= backgroundLimit { return .refuse(.tooManyInBackground) }
        lastNumber += 1
        let invocation = Invocation(number: lastNumber, message: message, method: method)
        if let id = message.invocationID { numbers[id] = invocation.number }
        guard method.runsInBackground || (waiting.isEmpty && hasPlace) else {
            waitingBytes += invocation.size
            waiting.append(invocation)
            return .wait
        }
        begin(invocation)
        return .start(invocation)
    }

    /// An invocation gives its place to others and goes on in the background, where there is one free.
    ///
    /// - Returns: The next invocation to start.
    mutating func release(_ number: Number) -> Invocation? {
        guard running[number]?.isInBackground == false, inBackground < backgroundLimit else { return nil }
        running[number]?.isInBackground = true
        inBackground += 1
        return startNext()
    }

    /// - Returns: The next invocation to start.
    mutating func finished(_ number: Number) -> Invocation? {
        guard let ended = running.removeValue(forKey: number) else { return nil }
        if ended.isInBackground { inBackground -= 1 }
        if let id = ended.invocationID { numbers[id] = nil }
        releaseMemoryIfIdle()
        return startNext()
    }

    private mutating func startNext() -> Invocation? {
        guard hasPlace, let next = waiting.popFirst() else { return nil }
        waitingBytes -= next.size
        begin(next)
        return next
    }

    /// - Returns: What to cancel. One that waits is started when its turn comes, cancelled from the beginning, so that it is
    ///   answered as one that ran.
    func task(of invocationID: String) -> InvocationTask? {
        guard let number = numbers[invocationID] else { return nil }
        return running[number]?.task ?? waiting.first { $0.number == number }?.task
    }

    /// The connection has ended: nothing waits any more.
    ///
    /// - Returns: What to cancel.
    mutating func removeAll() -> [InvocationTask] {
        defer {
            waiting = []
            waitingBytes = 0
            running = [:]
            inBackground = 0
            numbers = [:]
        }
        return running.values.map(\.task)
    }

    private var hasPlace: Bool { running.count - inBackground < limit }

    /// Most connections are idle most of the time, and an emptied dictionary keeps its memory.
    private mutating func releaseMemoryIfIdle() {
        guard isEmpty else { return }
        running = [:]
        numbers = [:]
        waiting = []
    }

    private mutating func begin(_ invocation: Invocation) {
        if invocation.method.runsInBackground { inBackground += 1 }
        running[invocation.number] = Running(
            invocationID: invocation.message.invocationID, isInBackground: invocation.method.runsInBackground,
            task: invocation.task)
    }
}

/// An invocation of a method that exists.
struct Invocation: Sendable {
    let number: InvocationQueue.Number
    let message: InvocationMessage
    let method: HubMethod
    var uploads: [HubUploadSource] = []
    let task = InvocationTask()

    /// What it keeps in memory while it waits, in bytes.
    var size: Int { message.arguments.reduce(64 + message.target.utf8.count) { $0 + $1.readableBytes } }
}
