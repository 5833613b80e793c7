import HubBackplane

extension ChannelSubscriptions {
    /// Which addresses are wanted, and how far their subscriptions are. A value without I/O.
    struct StateMachine {
        typealias Waiter = CheckedContinuation<Void, Never>

        private enum Phase {
            case subscribing([Waiter])
            case subscribed(ChannelSubscription)
            /// Wanted; the backplane could not subscribe.
            case missing
        }

        private struct Entry {
            /// How many want it; one that nobody wants any more stays until its subscribing has ended.
            var count: Int
            var phase: Phase
        }

        private var entries: [HubAddress: Entry] = [:]

        enum Retained { case confirmed, subscribe, wait }

        mutating func retain(_ address: HubAddress) -> Retained {
            guard entries[address] != nil else {
                entries[address] = Entry(count: 1, phase: .subscribing([]))
                return .subscribe
            }
            entries[address]?.count += 1
            switch entries[address]?.phase {
            case .subscribing: return .wait
            case .subscribed, .missing, nil: return .confirmed
            }
        }

        /// Retains an address that needs no waiting.
        mutating func retainIfConfirmed(_ address: HubAddress) -> Bool {
            switch entries[address]?.phase {
            case .subscribed, .missing:
                entries[address]?.count += 1
                return true
            case .subscribing, nil:
                return false
            }
        }

        /// - Returns: Whether there is something to wait for.
        mutating func wait(for address: HubAddress, _ waiter: Waiter) -> Bool {
            guard var entry = entries.removeValue(forKey: address) else { return false }
            defer { entries[address] = entry }
            guard case .subscribing(var waiters) = entry.phase else { return false }
            waiters.append(waiter)
            entry.phase = .subscribing(waiters)
            return true
        }

        /// - Returns: The subscription to cancel.
        mutating func release(_ address: HubAddress) -> ChannelSubscription? {
            guard var entry = entries[address] else { return nil }
            entry.count -= 1
            entries[address] = entry
            guard entry.count == 0 else { return nil }
            switch entry.phase {
            case .subscribing: return nil
            case .missing:
                entries[address] = nil
                return nil
            case .subscribed(let subscription):
                entries[address] = nil
                return subscription
            }
        }

        /// A subscribing has ended, with a subscription or without.
        ///
        /// - Returns: Who waited for it, and the subscription if nobody wants it any more.
        mutating func ended(
            _ address: HubAddress, with subscription: ChannelSubscription?
        ) -> (waiters: [Waiter], cancel: ChannelSubscription?) {
            guard let entry = entries[address], case .subscribing(let waiters) = entry.phase else {
                return ([], subscription)
            }
            guard entry.count > 0 else {
                entries[address] = nil
                return (waiters, subscription)
            }
            entries[address]?.phase = subscription.map { .subscribed($0) } ?? .missing
            return (waiters, nil)
        }

        /// - Returns: The addresses that have to be subscribed now.
        mutating func takeMissing() -> [HubAddress] {
            var missing: [HubAddress] = []
            for (address, entry) in entries {
                if case .missing = entry.phase { missing.append(address) }
            }
            for address in missing { entries[address]?.phase = .subscribing([]) }
            return missing
        }

        var isComplete: Bool {
            entries.values.allSatisfy { if case .subscribed = $0.phase { true } else { false } }
        }

        var isEmpty: Bool { entries.isEmpty }
    }
}
