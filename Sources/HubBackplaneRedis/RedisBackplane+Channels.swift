public import HubBackplane
public import NIOCore

extension RedisBackplane {
    public func subscribe(
        to channel: ChannelName, receive: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> ChannelSubscription {
        let receiver = ChannelReceiver(receive: channel.isFeed ? FeedMessages.splitting(receive) : receive)
        let subscriptions = subscriptions
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            subscriptions.eventLoop.execute {
                subscriptions.value.subscribe(receiver, to: channel) { continuation.resume(with: $0) }
            }
        }
        return ChannelSubscription {
            receiver.cancel()
            subscriptions.eventLoop.execute { subscriptions.value.cancel(receiver, of: channel) }
        }
    }

    public func publish(
        _ message: ByteBuffer, to channel: ChannelName,
        completion: @escaping @Sendable (Result<Int, BackplaneError>) -> Void
    ) {
        commands.send(
            readsPayloads: false,
            encode: { $0.writeCommand("PUBLISH", .text(channel.rawValue), .bytes(message)) }
        ) { result in
            completion(result.flatMap { receiverCount($0[0]) })
        }
    }
}

/// The answer to a PUBLISH.
func receiverCount(_ reply: RESPValue) -> Result<Int, BackplaneError> {
    switch reply {
    case .integer(let count): .success(count)
    case .error(let message): .failure(BackplaneError(redis: message))
    case .string, .array, .status, .null: .failure(.unexpectedReply(to: "PUBLISH"))
    }
}
