import HubBackplane
public import NIOCore

extension Record where Element == String {
    /// A receiver that notes each message, and `resubscribed`.
    var receiver: @Sendable (SubscriptionEvent) -> Void {
        { event in
            switch event {
            case .message(let message): self.append(String(buffer: message))
            case .resubscribed: self.append("resubscribed")
            }
        }
    }
}

extension BackplaneNames {
    /// A channel of a test.
    func testChannel(_ name: String = "channel") -> ChannelName { stream(name).channel }
}

extension ByteBuffer: @retroactive ExpressibleByStringLiteral, @retroactive ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) { self.init(string: text) }
}
