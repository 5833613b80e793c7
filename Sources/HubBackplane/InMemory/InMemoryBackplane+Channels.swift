import NIOConcurrencyHelpers
public import NIOCore

extension InMemoryBackplane {
    public func subscribe(
        to channel: ChannelName, receive: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> ChannelSubscription {
        let receiver = ChannelReceiver(receive: receive)
        state.withLockedValue { $0.channels[channel, default: []].append(receiver) }
        return ChannelSubscription { [self] in
            receiver.cancel()
            state.withLockedValue { $0.remove(receiver, from: channel) }
        }
    }

    public func publish(
        _ message: ByteBuffer, to channel: ChannelName,
        completion: @escaping @Sendable (Result<Int, BackplaneError>) -> Void
    ) {
        if let error = publishingError() {
            return delivery.append(.completion { completion(.failure(error)) })
        }
        state.withLockedValue { state in
            let receivers = state.publish(message, to: channel, by: delivery)
            delivery.append(.completion { completion(.success(receivers)) })
        }
    }
}

extension InMemoryBackplane.State {
    /// Hands a message to the receivers of a channel; called under the lock, which keeps the order of the channel.
    func publish(_ message: ByteBuffer, to channel: ChannelName, by delivery: SerialDelivery) -> Int {
        guard let receivers = channels[channel] else { return 0 }
        for receiver in receivers {
            delivery.append(.message(message, receiver))
        }
        return receivers.count
    }

    fileprivate mutating func remove(_ receiver: ChannelReceiver, from channel: ChannelName) {
        channels[channel]?.removeAll { $0 === receiver }
        if channels[channel]?.isEmpty == true { channels[channel] = nil }
    }
}
