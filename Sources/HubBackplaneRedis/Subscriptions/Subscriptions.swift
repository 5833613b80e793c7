import HubBackplane
import NIOCore

/// The channels of this node, kept over the connections that serve them one after the other. Lives on its event loop.
final class Subscriptions {
    private let eventLoop: any EventLoop
    private let onChange: @Sendable (_ isReady: Bool) -> Void
    private var machine: SubscriptionsStateMachine
    private var connection: SubscriberHandler?
    private var isFlushScheduled = false

    /// - Parameters:
    ///   - permanent: A channel that is always subscribed.
    ///   - onChange: Called when everything is subscribed (again), and when that is over.
    init(eventLoop: any EventLoop, permanent: ChannelName, onChange: @escaping @Sendable (_ isReady: Bool) -> Void) {
        self.eventLoop = eventLoop
        self.onChange = onChange
        self.machine = SubscriptionsStateMachine(permanent: ChannelKey(permanent))
    }

    // MARK: Subscribers

    func subscribe(
        _ receiver: ChannelReceiver, to channel: ChannelName,
        complete: @escaping @Sendable (Result<Void, BackplaneError>) -> Void
    ) {
        let applicant = SubscriptionsStateMachine.Applicant(receiver: receiver, complete: complete)
        switch machine.subscribe(applicant, to: ChannelKey(channel)) {
        case .confirm: complete(.success(()))
        case .wait: scheduleFlush()
        case .refuse(let error): complete(.failure(error))
        }
    }

    func cancel(_ receiver: ChannelReceiver, of channel: ChannelName) {
        machine.cancel(receiver, of: ChannelKey(channel), at: eventLoop.now, leavesAtOnce: channel.isLeftAtOnce)
        scheduleFlush()
    }

    func unsubscribeIdle() {
        machine.unsubscribeIdle(at: eventLoop.now)
        scheduleFlush()
    }

    func close() {
        fail(machine.close(), with: BackplaneError(.closed, "the backplane was shut down"))
    }

    // MARK: Connection

    var isReady: Bool { machine.isReady }

    func connected(_ connection: SubscriberHandler) {
        self.connection = connection
        machine.connected()
        flush()
    }

    func disconnected() {
        connection = nil
        onChange(false)
        fail(machine.disconnected(), with: BackplaneError(.unavailable, "the connection to Redis was lost"))
    }

    /// Delivers a message.
    ///
    /// - Returns: Whether anybody listens to the channel.
    func deliver(_ message: UnsafeRawBufferPointer, to channel: UnsafeRawBufferPointer) -> Bool {
        let receivers = machine.receivers(of: .borrowed(channel))
        guard !receivers.isEmpty else { return false }
        let buffer = ByteBuffer(bytes: message)
        for receiver in receivers {
            receiver.deliver(.message(buffer))
        }
        return true
    }

    func confirmed(_ channel: UnsafeRawBufferPointer) {
        let action = machine.confirmed(.borrowed(channel))
        for receiver in action.resubscribed {
            receiver.deliver(.resubscribed)
        }
        for applicant in action.confirmed {
            applicant.complete(.success(()))
        }
        if action.isReady { onChange(true) }
    }

    private func fail(_ applicants: [SubscriptionsStateMachine.Applicant], with error: BackplaneError) {
        for applicant in applicants {
            applicant.complete(.failure(error))
        }
    }

    /// Subscriptions made in one go of the event loop leave together.
    private func scheduleFlush() {
        guard machine.hasCommands, !isFlushScheduled else { return }
        isFlushScheduled = true
        let subscriptions = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute { subscriptions.value.flush() }
    }

    private func flush() {
        isFlushScheduled = false
        guard let connection else { return }
        var buffer = ByteBuffer()
        while let command = machine.nextCommand() {
            buffer.write(command)
        }
        connection.write(buffer)
    }
}

@available(*, unavailable)
extension Subscriptions: Sendable {}

extension ByteBuffer {
    fileprivate mutating func write(_ command: SubscriptionsStateMachine.Command) {
        switch command {
        case .subscribe(let keys): write("SUBSCRIBE", keys)
        case .unsubscribe(let keys): write("UNSUBSCRIBE", keys)
        }
    }

    private mutating func write(_ command: String, _ keys: [ChannelKey]) {
        let size = keys.reduce(100) { $0 + $1.withBytes { RESPEncoder.size(ofString: $0.count) } }
        writeCommands(atMost: size) { encoder in
            encoder.array(count: keys.count + 1)
            encoder.string(command)
            for key in keys {
                key.withBytes { encoder.string($0) }
            }
        }
    }
}
