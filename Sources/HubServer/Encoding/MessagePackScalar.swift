import FoundationEssentials
import HubProtocol
import NIOCore

/// A type that is read from one MessagePack value, whatever its `Decodable` says.
protocol MessagePackScalar {
    /// Nil where the value is of another type, or out of range.
    init?(_ value: MessagePackValue)
}

extension MessagePackScalar where Self: FixedWidthInteger {
    /// JavaScript has one type of numbers and sends large whole ones as floating point.
    init?(_ value: MessagePackValue) {
        if let integer = value.integer(as: Self.self) {
            self = integer
        } else if let number = value.number(), let integer = Self(exactly: number) {
            self = integer
        } else {
            return nil
        }
    }
}

extension Int: MessagePackScalar {}
extension Int8: MessagePackScalar {}
extension Int16: MessagePackScalar {}
extension Int32: MessagePackScalar {}
extension Int64: MessagePackScalar {}
extension UInt: MessagePackScalar {}
extension UInt8: MessagePackScalar {}
extension UInt16: MessagePackScalar {}
extension UInt32: MessagePackScalar {}
extension UInt64: MessagePackScalar {}

extension Bool: MessagePackScalar {
    init?(_ value: MessagePackValue) {
        guard let bool = value.bool() else { return nil }
        self = bool
    }
}

extension Double: MessagePackScalar {
    init?(_ value: MessagePackValue) {
        guard let number = value.number() else { return nil }
        self = number
    }
}

extension Float: MessagePackScalar {
    init?(_ value: MessagePackValue) {
        guard let number = value.number() else { return nil }
        self = Float(number)
    }
}

extension String: MessagePackScalar {
    init?(_ value: MessagePackValue) {
        guard let string = value.string() else { return nil }
        self = string
    }
}

extension Data: MessagePackScalar {
    init?(_ value: MessagePackValue) {
        guard let bytes = value.binary() else { return nil }
        self.init(bytes.readableBytesView)
    }
}

extension Date: MessagePackScalar {
    init?(_ value: MessagePackValue) {
        guard let (seconds, nanoseconds) = value.timestamp() else { return nil }
        self.init(timeIntervalSince1970: Double(seconds) + Double(nanoseconds) / 1_000_000_000)
    }
}

extension UUID: MessagePackScalar {
    init?(_ value: MessagePackValue) {
        guard let string = value.string(), let uuid = UUID(uuidString: string) else { return nil }
        self = uuid
    }
}

extension URL: MessagePackScalar {
    init?(_ value: MessagePackValue) {
        guard let string = value.string(), let url = URL(string: string) else { return nil }
        self = url
    }
}

extension Decimal: MessagePackScalar {
    init?(_ value: MessagePackValue) {
        if let string = value.string() {
            guard let decimal = Decimal(string: string) else { return nil }
            self = decimal
        } else if let integer = value.integer(as: Int64.self) {
            self.init(integer)
        } else if let number = value.number(), number.isFinite {
            self.init(number)
        } else {
            return nil
        }
    }
}
