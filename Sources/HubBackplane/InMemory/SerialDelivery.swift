import DequeModule
import NIOConcurrencyHelpers
import NIOCore

/// Hands events and completions over one after the other, never on the stack of whoever caused them: a caller may hold
/// a lock that the receiver takes too.
final class SerialDelivery: Sendable {
    enum Item: Sendable {
        case message(ByteBuffer, ChannelReceiver)
        case completion(@Sendable () -> Void)
    }

    private struct State {
        var items: Deque<Item> = []
        var isRunning = false
        var messageBytes = 0
    }

    private let state = NIOLockedValueBox(State())

    /// The bytes of the messages that wait for their receivers.
    var messageBytes: Int { state.withLockedValue(\.messageBytes) }

    func append(_ item: Item) {
        let mustStart = state.withLockedValue { state in
            state.items.append(item)
            state.messageBytes += item.messageBytes
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustStart {
            Task { await run() }
        }
    }

    private func run() async {
        while let batch = nextBatch() {
            for item in batch {
                switch item {
                case .message(let message, let receiver): receiver.deliver(.message(message))
                case .completion(let complete): complete()
                }
            }
            await Task.yield()
        }
    }

    private func nextBatch() -> Deque<Item>? {
        state.withLockedValue { state in
            guard !state.items.isEmpty else {
                state.isRunning = false
                return nil
            }
            defer {
                state.items = []
                state.messageBytes = 0
            }
            return state.items
        }
    }
}

extension SerialDelivery.Item {
    fileprivate var messageBytes: Int {
        switch self {
        case .message(let message, _): message.readableBytes
        case .completion: 0
        }
    }
}
