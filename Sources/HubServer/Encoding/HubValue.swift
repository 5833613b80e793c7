package import FoundationEssentials

/// A value for clients, before it is known which encodings they speak.
///
/// A message is made of values once and written in each encoding that somebody needs, so that it says the same in all.
package enum HubValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case double(Double)
    case float(Float)
    case string(String)
    /// JSON: a number; MessagePack: its digits as a string.
    case decimal(Decimal)
    /// JSON: base64; MessagePack: bin.
    case data(Data)
    /// JSON: ISO 8601 in UTC, with milliseconds where there are any; MessagePack: a timestamp.
    case date(Date)
    case array([HubValue])
    /// Its members' names are the same in all encodings, as declared.
    case object([(name: String, value: HubValue)])
}

extension HubValue {
    /// Whether the JSON text tells all: what MessagePack says of the value can be made from it.
    var isExactInJSON: Bool {
        switch self {
        case .null, .bool, .integer, .unsigned, .string: true
        // Without its fraction JSON writes it as an integer.
        case .double(let value): value != value.rounded()
        case .float, .decimal, .data, .date: false
        case .array(let elements): elements.allSatisfy(\.isExactInJSON)
        case .object(let members): members.allSatisfy(\.value.isExactInJSON)
        }
    }
}
