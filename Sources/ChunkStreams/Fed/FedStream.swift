import NIOCore
import Synchronization

/// A stream that a backend feeds, at the node that produces it.
final class FedStream: Sendable {
    private struct State {
        var lastHeard = ContinuousClock.now
        /// Waits until the log has taken enough.
        var waiting: Task<Void, Never>?
    }

    private let producer: ChunkProducer
    private let state = Mutex(State())

    init(producer: ChunkProducer) { self.producer = producer }

    /// How long the backend has said nothing.
    var silence: Duration { .now - state.withLock { $0.lastHeard } }

    /// Whatever the backend has said, or could not say.
    func heard() { state.withLock { $0.lastHeard = .now } }

    /// Does what the backend asks; `nil` where another node has taken the stream.
    func answer(_ request: FedStreamRequest) async -> FedStreamAnswer? {
        switch request {
        case .append(let text, let place):
            heard()
            return await append(text, at: place)
        case .end(let finish, let usage, let place):
            heard()
            if case .open(let position) = producer.produced, position.bytes != place { return .elsewhere(position) }
            return await end(finish, usage: usage)
        case .look:
            // Anybody may look: it does not mean that the backend lives.
            return producer.produced
        }
    }

    /// Ends the stream, where it has not ended, and waits until its log has the end; `nil` where another node has taken it.
    func end(_ finish: StreamFinish, usage: StreamUsage? = nil) async -> FedStreamAnswer? {
        await producer.finish(finish, usage: usage).map { .ended($0) }
    }

    private func append(_ text: ByteBuffer, at place: UInt64) async -> FedStreamAnswer? {
        await state.withLock { $0.waiting }?.value
        switch producer.append(text, at: place) {
        case .taken(let position, let mustWait):
            if mustWait { await waitForRoom() }
            // Where another node has taken the stream by now, the log may not have the text.
            return producer.produced == nil ? nil : .open(position)
        case .refused(let answer):
            return answer
        case .interrupted:
            // The end is another one than this.
            return await end(.completed)
        }
    }

    /// A producer has one who waits; all requests wait with that one.
    private func waitForRoom() async {
        let waiting = state.withLock { state in
            if let waiting = state.waiting { return waiting }
            let waiting = Task {
                await producer.waitForRoom()
                self.state.withLock { $0.waiting = nil }
            }
            state.waiting = waiting
            return waiting
        }
        await waiting.value
    }
}
