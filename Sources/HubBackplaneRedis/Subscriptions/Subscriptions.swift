import HubBackplane
import NIOCore

/// The channels of this node, kept over the connections that serve them one after the other. Lives on its event loop.
final class Subscriptions {
    private let eventLoop: any EventLoop
    private let onChange: @Sendable (_ isReady: Bool) -> Void
    private var machine: SubscriptionsStateMachine
    private var connection: SubscriberHandler?
    /// The connection that is to take the place of this one.
    private var successor: SubscriberHandler?
    private var handover: HandoverStateMachine?
    private var numbers: UInt64 = 0
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

    /// Does what time brings, about each second.
    func tick() {
        machine.unsubscribeIdle(at: eventLoop.now)
        if handover?.isOverdue(at: eventLoop.now) == true { successor?.close() }
        scheduleFlush()
    }

    func close() {
        fail(machine.close(), with: BackplaneError(.closed, "the backplane was shut down"))
    }

    // MARK: Connection

    var isReady: Bool { machine.isReady }

    /// What the numbers of a connection's canaries begin after.
    func nextNumbers() -> UInt64 {
        numbers += 1 << 32
        return numbers
    }

    /// A connection can be used: the first one, or one that is to take the place of the one that there is.
    func connected(_ connection: SubscriberHandler) {
        if self.connection != nil { return beginHandover(to: connection) }
        self.connection = connection
        machine.connected()
        flush()
    }

    func disconnected(_ connection: SubscriberHandler) {
        if connection === successor {
            let hasDropped = handover?.oldHasHeard == true
            endHandover()
            // What came after the marker was left to the successor.
            if hasDropped, let current = self.connection { return beginAgain(over: current) }
            scheduleFlush()
        } else if connection === self.connection {
            let successor = successor
            endHandover()
            if let successor { return beginAgain(over: successor) }
            lose()
        }
    }

    private func lose() {
        connection = nil
        onChange(false)
        fail(machine.disconnected(), with: BackplaneError(.unavailable, "the connection to Redis was lost"))
    }

    /// Messages may have been lost: everything is subscribed again, and receivers are told so.
    private func beginAgain(over connection: SubscriberHandler) {
        lose()
        connected(connection)
    }

    /// Delivers a message.
    ///
    /// - Returns: Whether anybody listens to the channel.
    func deliver(
        _ message: UnsafeRawBufferPointer, to channel: UnsafeRawBufferPointer, from connection: SubscriberHandler
    ) -> Bool {
        if connection !== self.connection { return hold(message, to: channel, from: connection) }
        if handover?.oldHasHeard == true { return false }
        let receivers = machine.receivers(of: .borrowed(channel))
        guard !receivers.isEmpty else { return false }
        let buffer = ByteBuffer(bytes: message)
        for receiver in receivers {
            receiver.deliver(.message(buffer))
        }
        return true
    }

    func confirmed(_ channel: UnsafeRawBufferPointer, from connection: SubscriberHandler) {
        if connection === successor {
            handover?.confirmedByNew()
            return markIfPossible()
        }
        guard connection === self.connection else { return }
        handover?.confirmedByOld()
        defer { markIfPossible() }
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
        guard machine.hasCommands, !isFlushScheduled, handover == nil else { return }
        isFlushScheduled = true
        let subscriptions = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute { subscriptions.value.flush() }
    }

    private func flush() {
        isFlushScheduled = false
        guard let connection, handover == nil else { return }
        var buffer = ByteBuffer()
        while let command = machine.nextCommand() {
            buffer.write(command)
        }
        connection.write(buffer)
    }
}

// MARK: From one connection to another

extension Subscriptions {
    private func beginHandover(to successor: SubscriberHandler) {
        guard isReady, self.successor == nil else { return successor.close() }
        // What is queued is of before: it must be on its way when the successor is told what there is.
        flush()
        let keys = machine.subscribed
        handover = HandoverStateMachine(channels: keys.count, unconfirmed: machine.unconfirmed, now: eventLoop.now)
        self.successor = successor
        var buffer = ByteBuffer()
        for start in stride(from: 0, to: keys.count, by: SubscriptionsStateMachine.channelsPerCommand) {
            let end = min(start + SubscriptionsStateMachine.channelsPerCommand, keys.count)
            buffer.write(.subscribe(Array(keys[start..<end])))
        }
        successor.write(buffer)
    }

    private func endHandover() {
        successor = nil
        handover = nil
    }

    private func markIfPossible() {
        guard handover?.mayMark == true, let successor else { return }
        handover?.marked(successor.sendMarker())
    }

    func heardCanary(_ number: UInt64, from connection: SubscriberHandler) {
        guard connection === successor || connection === self.connection,
            handover?.heard(number, byNew: connection === successor) == true
        else { return }
        let old = self.connection
        let held = handover?.takeHeld() ?? []
        self.connection = successor
        endHandover()
        for message in held {
            for receiver in machine.receivers(of: message.channel) { receiver.deliver(.message(message.payload)) }
        }
        old?.close()
        scheduleFlush()
    }

    /// A message of another connection than the one that delivers.
    private func hold(
        _ message: UnsafeRawBufferPointer, to channel: UnsafeRawBufferPointer, from connection: SubscriberHandler
    ) -> Bool {
        guard connection === successor, handover?.newHasHeard == true,
            !machine.receivers(of: .borrowed(channel)).isEmpty
        else { return false }
        let message = HandoverStateMachine.Message(channel: .owned(Array(channel)), payload: ByteBuffer(bytes: message))
        if handover?.hold(message) == .giveUpOld {
            let old = self.connection
            endHandover()
            beginAgain(over: connection)
            old?.close()
        }
        return true
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
