import HubServer

/// A value for each address that was seen of late; of so many addresses at most, the rest is forgotten.
///
/// Two generations: when the younger one is full it becomes the older one, which is dropped. What is asked for moves to
/// the younger one.
struct RecentAddresses<Value> {
    private let capacity: Int
    private var younger: [IPAddress: Value] = [:]
    private var older: [IPAddress: Value] = [:]

    /// - Parameter capacity: How many are kept at least; at most twice as many are.
    init(capacity: Int) { self.capacity = capacity }

    var count: Int { younger.count + older.count }

    subscript(address: IPAddress, default value: @autoclosure () -> Value) -> Value {
        mutating get {
            if let value = younger[address] { return value }
            let value = older[address] ?? value()
            set(value, for: address)
            return value
        }
        set { set(newValue, for: address) }
    }

    private mutating func set(_ value: Value, for address: IPAddress) {
        if younger[address] == nil, younger.count >= capacity {
            older = younger
            younger = [:]
        }
        older[address] = nil
        younger[address] = value
    }
}

extension RecentAddresses: Sendable where Value: Sendable {}
