import HubBackplane

/// Who gets the messages of one channel: mostly one, who is kept in place, since an array would be one more piece of memory
/// to fetch for every message.
struct ChannelReceivers: Sequence {
    private var first: ChannelReceiver?
    private var others: [ChannelReceiver] = []

    var isEmpty: Bool { first == nil }

    var count: Int { first == nil ? 0 : others.count + 1 }

    mutating func append(_ receiver: ChannelReceiver) {
        if first == nil { first = receiver } else { others.append(receiver) }
    }

    mutating func remove(_ receiver: ChannelReceiver) {
        others.removeAll { $0 === receiver }
        if first === receiver { first = others.isEmpty ? nil : others.removeFirst() }
    }

    func makeIterator() -> Iterator { Iterator(receivers: self) }

    struct Iterator: IteratorProtocol {
        fileprivate let receivers: ChannelReceivers
        private var position = 0

        fileprivate init(receivers: ChannelReceivers) { self.receivers = receivers }

        mutating func next() -> ChannelReceiver? {
            defer { position += 1 }
            if position == 0 { return receivers.first }
            return position <= receivers.others.count ? receivers.others[position - 1] : nil
        }
    }
}
