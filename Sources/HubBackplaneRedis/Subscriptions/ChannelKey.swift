import HubBackplane

/// The name of a channel as it stands on the wire.
///
/// A message's channel is looked up by the bytes where they lie; a `String` per message would cost more than the rest
/// of the dispatch. A borrowed key must not outlive the lookup; only owned keys are kept.
enum ChannelKey: Hashable {
    case owned([UInt8])
    case borrowed(UnsafeRawBufferPointer)

    init(_ name: ChannelName) { self = .owned(Array(name.rawValue.utf8)) }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch self {
        case .owned(let bytes): bytes.withUnsafeBytes(body)
        case .borrowed(let bytes): body(bytes)
        }
    }

    static func == (left: ChannelKey, right: ChannelKey) -> Bool {
        left.withBytes { left in right.withBytes { right in left.holdsSameBytes(as: right) } }
    }

    func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: $0) }
    }
}
