import DequeModule
import HubBackplane
import NIOCore

/// Which channels are subscribed, by whom, and what has to be said to Redis about it.
///
/// A channel is live only when the last SUBSCRIBE sent for it is confirmed: SUBSCRIBE, UNSUBSCRIBE, SUBSCRIBE are
/// answered with two equal confirmations of a subscription, and only the second one is followed by every message.
struct SubscriptionsStateMachine {
    /// Somebody who waits for the confirmation.
    struct Applicant {
        let receiver: ChannelReceiver
        let complete: @Sendable (Result<Void, BackplaneError>) -> Void
    }

    enum SubscribeAction {
        /// The channel is live already.
        case confirm
        case wait
        case refuse(BackplaneError)
    }

    struct ConfirmAction {
        var confirmed: [Applicant] = []
        /// They were subscribed before the connection was lost.
        var resubscribed: [ChannelReceiver] = []
        /// Whether everything is subscribed again.
        var isReady = false
    }

    enum Command: Equatable {
        case subscribe([ChannelKey])
        case unsubscribe([ChannelKey])
    }

    private enum Phase {
        case away
        /// Some channels that were subscribed when the connection was made are not confirmed yet.
        case resubscribing(Int)
        case ready
        case closed
    }

    struct Channel {
        var receivers = ChannelReceivers()
        var applicants: [Applicant] = []
        /// Whether the last command sent for it is a SUBSCRIBE.
        var isSubscribed = false
        /// SUBSCRIBE commands that are not confirmed yet.
        var unconfirmed = 0
        var isResubscribing = false
        var idleSince: NIODeadline?

        var isWanted: Bool { !receivers.isEmpty || !applicants.isEmpty }
        var isLive: Bool { isSubscribed && unconfirmed == 0 }
    }

    static let channelsPerCommand = 500
    /// How long a channel that nobody listens to stays subscribed.
    static let idleTime = TimeAmount.seconds(5)

    /// A channel that is always subscribed.
    private let permanent: ChannelKey
    private var phase = Phase.away
    private(set) var channels: [ChannelKey: Channel] = [:]
    /// Channels that have become idle, the longest idle first.
    private var idle: Deque<(key: ChannelKey, since: NIODeadline)> = []
    private var commands: Deque<Command> = []

    init(permanent: ChannelKey) {
        self.permanent = permanent
        channels[permanent] = Channel()
    }

    var isReady: Bool {
        if case .ready = phase { true } else { false }
    }

    /// What another connection has to subscribe to in order to take this one's place.
    var subscribed: [ChannelKey] { channels.lazy.filter { $0.value.isSubscribed }.map(\.key) }

    /// Subscriptions that are not confirmed yet.
    var unconfirmed: Int { channels.values.reduce(0) { $0 + $1.unconfirmed } }

    var hasCommands: Bool { !commands.isEmpty }

    /// Who gets a message of a channel.
    func receivers(of key: ChannelKey) -> ChannelReceivers { channels[key]?.receivers ?? ChannelReceivers() }

    // MARK: Subscribers

    mutating func subscribe(_ applicant: Applicant, to key: ChannelKey) -> SubscribeAction {
        switch phase {
        case .away: return .refuse(BackplaneError(.unavailable, "there is no connection to Redis"))
        case .closed: return .refuse(BackplaneError(.closed, "the backplane was shut down"))
        case .resubscribing, .ready: break
        }
        var channel = channels[key] ?? Channel()
        channel.idleSince = nil
        defer { channels[key] = channel }
        if channel.isLive {
            channel.receivers.append(applicant.receiver)
            return .confirm
        }
        channel.applicants.append(applicant)
        if !channel.isSubscribed {
            channel.isSubscribed = true
            channel.unconfirmed += 1
            append(.subscribe([key]))
        }
        return .wait
    }

    mutating func cancel(
        _ receiver: ChannelReceiver, of key: ChannelKey, at now: NIODeadline, leavesAtOnce: Bool = false
    ) {
        guard let index = channels.index(forKey: key) else { return }
        channels.values[index].receivers.remove(receiver)
        if channels.values[index].isWanted || key == permanent { return }
        if channels.values[index].isSubscribed {
            if leavesAtOnce { return unsubscribe(key, at: index) }
            channels.values[index].idleSince = now
            idle.append((key, now))
        } else if channels.values[index].unconfirmed == 0 {
            channels.remove(at: index)
        }
    }

    /// Gives up the channels that nobody has listened to for a while.
    mutating func unsubscribeIdle(at now: NIODeadline) {
        while let first = idle.first, first.since + Self.idleTime <= now {
            idle.removeFirst()
            guard let index = channels.index(forKey: first.key), channels.values[index].idleSince == first.since,
                channels.values[index].isSubscribed
            else { continue }
            unsubscribe(first.key, at: index)
        }
    }

    private mutating func unsubscribe(_ key: ChannelKey, at index: Dictionary<ChannelKey, Channel>.Index) {
        append(.unsubscribe([key]))
        channels.values[index].isSubscribed = false
        if channels.values[index].unconfirmed == 0 { channels.remove(at: index) }
    }

    // MARK: Connection

    mutating func connected() {
        if case .closed = phase { return }
        phase = .resubscribing(channels.count)
        append(.subscribe([permanent]))
        for key in channels.keys {
            if key != permanent { append(.subscribe([key])) }
            channels[key]?.isSubscribed = true
            channels[key]?.unconfirmed = 1
            channels[key]?.isResubscribing = true
        }
    }

    /// A SUBSCRIBE was confirmed.
    mutating func confirmed(_ key: ChannelKey) -> ConfirmAction {
        var action = ConfirmAction()
        guard let index = channels.index(forKey: key), channels.values[index].unconfirmed > 0 else { return action }
        channels.values[index].unconfirmed -= 1
        guard channels.values[index].unconfirmed == 0 else { return action }
        if channels.values[index].isResubscribing {
            channels.values[index].isResubscribing = false
            action.resubscribed = Array(channels.values[index].receivers)
            action.isReady = oneResubscribed()
        }
        if channels.values[index].isSubscribed {
            swap(&action.confirmed, &channels.values[index].applicants)
            for applicant in action.confirmed { channels.values[index].receivers.append(applicant.receiver) }
        } else {
            channels.remove(at: index)
        }
        return action
    }

    /// - Returns: Those whose subscription was not confirmed, which fails now.
    mutating func disconnected() -> [Applicant] {
        if case .closed = phase { return [] }
        phase = .away
        return dropConnection()
    }

    /// - Returns: Those whose subscription was not confirmed, which fails now.
    mutating func close() -> [Applicant] {
        phase = .closed
        defer { channels = [:] }
        return dropConnection()
    }

    /// The next command to be sent.
    mutating func nextCommand() -> Command? { commands.popFirst() }

    private mutating func oneResubscribed() -> Bool {
        guard case .resubscribing(let count) = phase else { return false }
        phase = count == 1 ? .ready : .resubscribing(count - 1)
        return count == 1
    }

    private mutating func dropConnection() -> [Applicant] {
        let applicants = channels.values.flatMap(\.applicants)
        commands = []
        idle = []
        channels = channels.filter { $0.key == permanent || !$0.value.receivers.isEmpty }
            .mapValues { Channel(receivers: $0.receivers) }
        return applicants
    }

    /// Adds to the last command where it is of the same kind and has room.
    private mutating func append(_ command: Command) {
        switch (commands.last, command) {
        case (.subscribe(var keys)?, .subscribe(let more)) where keys.count < Self.channelsPerCommand:
            commands.removeLast()
            keys += more
            commands.append(.subscribe(keys))
        case (.unsubscribe(var keys)?, .unsubscribe(let more)) where keys.count < Self.channelsPerCommand:
            commands.removeLast()
            keys += more
            commands.append(.unsubscribe(keys))
        default:
            commands.append(command)
        }
    }
}
