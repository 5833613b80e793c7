import DequeModule
import NIOCore

extension Uploads {
    /// The streams that one client sends, and what of them its methods have not taken yet. A value without I/O.
    ///
    /// A stream may hold as many items as its capacity. What the client sends beyond that is read on for a while, for what
    /// may lie behind it: pings, cancellations, answers, items of other streams. So much of it is kept at most.
    struct StateMachine {
        typealias Waiter = CheckedContinuation<ByteBuffer?, any Error>

        /// At so many bytes in all, or items beyond their streams' capacity, no more is read; at half of it again.
        static let maximumBytes = 128 * 1024
        static let maximumExcess = 128

        private enum End {
            case finished
            case failed(any Error)

            func resume(_ waiter: Waiter) {
                switch self {
                case .finished: waiter.resume(returning: nil)
                case .failed(let error): waiter.resume(throwing: error)
                }
            }
        }

        private struct Stream {
            let id: String
            var items = Deque<ByteBuffer>()
            var end: End?
            /// Whoever iterates, usually one; none while there are items or an end.
            var waiters: [(ticket: Ticket, waiter: Waiter)] = []
        }

        private let capacity: Int
        private var streams: [Number: Stream] = [:]
        /// Of the streams that the client has not ended.
        private var numbers: [String: Number] = [:]
        private var lastNumber: Number = 0
        private var bytes = 0
        private var excess = 0
        private var isFull = false

        init(capacity: Int) { self.capacity = capacity }

        var isEmpty: Bool { streams.isEmpty }

        func isOpen(_ id: String) -> Bool { numbers[id] != nil }

        /// - Parameter id: Not of a stream that is open.
        mutating func open(_ id: String) -> Number {
            lastNumber += 1
            streams[lastNumber] = Stream(id: id)
            numbers[id] = lastNumber
            return lastNumber
        }
    }
}

// MARK: The client's side

extension Uploads.StateMachine {
    /// - Returns: Who gets the item at once, and whether no more is to be read. One of an unknown stream is dropped.
    mutating func received(_ item: ByteBuffer, for id: String) -> (waiter: Waiter?, isFull: Bool) {
        guard let number = numbers[id], var stream = streams.removeValue(forKey: number) else { return (nil, isFull) }
        defer { streams[number] = stream }
        guard stream.waiters.isEmpty else { return (stream.waiters.removeFirst().waiter, isFull) }
        if stream.items.count >= capacity { excess += 1 }
        bytes += item.readableBytes
        stream.items.append(item)
        isFull = isFull || bytes >= Self.maximumBytes || excess >= Self.maximumExcess
        return (nil, isFull)
    }

    /// - Returns: What is to be done for those who wait; nil where no such stream is open.
    mutating func ended(_ id: String, error: (any Error)?) -> (() -> Void)? {
        guard let number = numbers.removeValue(forKey: id) else { return nil }
        return end(number, as: error.map { .failed($0) } ?? .finished)
    }

    /// The client is gone.
    mutating func failAll(_ error: any Error) -> [() -> Void] {
        defer { numbers = [:] }
        return numbers.values.map { end($0, as: .failed(error)) }
    }

    private mutating func end(_ number: Uploads.Number, as end: End) -> () -> Void {
        let waiters = streams[number]?.waiters ?? []
        streams[number]?.waiters = []
        streams[number]?.end = end
        return { for (_, waiter) in waiters { end.resume(waiter) } }
    }
}

// MARK: The method's side

extension Uploads.StateMachine {
    enum Next {
        case ready(ByteBuffer?, makesRoom: Bool)
        case failed(any Error)
        case waiting
    }

    /// The next item: it waits where there is none yet.
    mutating func next(of number: Uploads.Number, _ ticket: Uploads.Ticket, _ waiter: Waiter) -> Next {
        guard var stream = streams.removeValue(forKey: number) else { return .ready(nil, makesRoom: false) }
        defer { streams[number] = stream }
        if let item = stream.items.popFirst() {
            if stream.items.count >= capacity { excess -= 1 }
            bytes -= item.readableBytes
            return .ready(item, makesRoom: makesRoom())
        }
        switch stream.end {
        case .finished: return .ready(nil, makesRoom: false)
        case .failed(let error): return .failed(error)
        case nil:
            stream.waiters.append((ticket, waiter))
            return .waiting
        }
    }

    mutating func stopWaiting(for number: Uploads.Number, _ ticket: Uploads.Ticket) -> Waiter? {
        guard let index = streams[number]?.waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return streams[number]?.waiters.remove(at: index).waiter
    }

    /// The method wants no more of the stream: what waits is dropped, and what comes, too.
    ///
    /// - Returns: What is to be done for those who wait, and whether there is room again.
    mutating func close(_ number: Uploads.Number) -> (resume: () -> Void, makesRoom: Bool) {
        let resume = end(number, as: .finished)
        guard let stream = streams.removeValue(forKey: number) else { return ({}, false) }
        if numbers[stream.id] == number { numbers[stream.id] = nil }
        bytes -= stream.items.reduce(0) { $0 + $1.readableBytes }
        excess -= max(0, stream.items.count - capacity)
        return (resume, makesRoom())
    }

    private mutating func makesRoom() -> Bool {
        guard isFull, bytes <= Self.maximumBytes / 2, excess <= Self.maximumExcess / 2 else { return false }
        isFull = false
        return true
    }
}
