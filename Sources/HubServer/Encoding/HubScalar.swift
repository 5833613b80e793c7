import FoundationEssentials

/// A type that is a value of its own for clients, whatever its `Encodable` says.
protocol HubScalar {
    var hubValue: HubValue { get }
}

extension HubScalar where Self: SignedInteger & FixedWidthInteger {
    var hubValue: HubValue { .integer(Int64(self)) }
}

extension HubScalar where Self: UnsignedInteger & FixedWidthInteger {
    var hubValue: HubValue { .unsigned(UInt64(self)) }
}

extension Int: HubScalar {}
extension Int8: HubScalar {}
extension Int16: HubScalar {}
extension Int32: HubScalar {}
extension Int64: HubScalar {}
extension UInt: HubScalar {}
extension UInt8: HubScalar {}
extension UInt16: HubScalar {}
extension UInt32: HubScalar {}
extension UInt64: HubScalar {}
extension String: HubScalar { var hubValue: HubValue { .string(self) } }
extension Bool: HubScalar { var hubValue: HubValue { .bool(self) } }
extension Double: HubScalar { var hubValue: HubValue { .double(self) } }
extension Float: HubScalar { var hubValue: HubValue { .float(self) } }
extension Date: HubScalar { var hubValue: HubValue { .date(self) } }
extension Data: HubScalar { var hubValue: HubValue { .data(self) } }
extension Decimal: HubScalar { var hubValue: HubValue { .decimal(self) } }
extension URL: HubScalar { var hubValue: HubValue { .string(absoluteString) } }

extension UUID: HubScalar {
    /// In lower case, as .NET writes it: some clients compare it as text.
    var hubValue: HubValue { .string(uuidString.lowercased()) }
}
