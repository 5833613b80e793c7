import HubBackplane

/// What ties a node to a stream that another node produces.
struct Following: Sendable {
    var subscription: ChannelSubscription?
    /// The producing node, which is watched.
    private(set) var producer: NodeID?
    private var watch: NodeWatch?
    /// The epoch whose producer was asked to tell this node what it appends.
    private(set) var askedEpoch: UInt64?
    /// It has said that it does.
    private(set) var isFed = false

    /// Whoever produces the stream is another node from now on.
    ///
    /// - Returns: The watch that is over.
    mutating func begins(with producer: NodeID?) -> NodeWatch? {
        self.producer = producer
        return watch.take()
    }

    /// The producing node is watched.
    ///
    /// - Returns: The watch that is not needed: this one, where another node produces by now.
    mutating func watches(_ producer: NodeID, with watch: NodeWatch) -> NodeWatch? {
        guard self.producer == producer else { return watch }
        defer { self.watch = watch }
        return self.watch
    }

    /// The producer of this epoch is asked to tell this node what it appends.
    mutating func asks(inEpoch epoch: UInt64) {
        if askedEpoch != epoch { isFed = false }
        askedEpoch = epoch
    }

    /// It does.
    mutating func isFed(inEpoch epoch: UInt64) {
        if askedEpoch == epoch { isFed = true }
    }

    /// Ends the subscription and the watch.
    func cancel() {
        subscription?.cancel()
        watch?.cancel()
    }
}
