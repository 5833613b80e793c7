import HubProtocol
import NIOCore

/// What a value says, whatever it is encoded in.
indirect enum ValueTree: Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([ValueTree])
    /// Keys and values in turn.
    case map([ValueTree])

    init?(_ value: JSONValue) {
        if value.isNull {
            self = .null
        } else if let bool = value.bool() {
            self = .bool(bool)
        } else if let string = value.string() {
            self = .string(string)
        } else if let integer = value.integer(as: Int64.self) {
            self = .integer(integer)
        } else if let integer = value.integer(as: UInt64.self) {
            self = .unsigned(integer)
        } else if let number = value.number() {
            self = .number(number)
        } else if let elements = value.elements() {
            self = .array(elements.compactMap { ValueTree(JSONValue(trusting: $0)) })
        } else if let members = value.members() {
            self = .map(members.flatMap { [.string($0.key), ValueTree($0.value)].compactMap(\.self) })
        } else {
            return nil
        }
    }

    init?(_ value: MessagePackValue) {
        if value.isNull {
            self = .null
        } else if let bool = value.bool() {
            self = .bool(bool)
        } else if let string = value.string() {
            self = .string(string)
        } else if let integer = value.integer(as: Int64.self) {
            self = .integer(integer)
        } else if let integer = value.integer(as: UInt64.self) {
            self = .unsigned(integer)
        } else if let number = value.number() {
            self = .number(number)
        } else if let elements = value.elements() {
            self = .array(elements.compactMap(ValueTree.init))
        } else if let members = value.members() {
            self = .map(members.flatMap { [ValueTree($0.key), ValueTree($0.value)].compactMap(\.self) })
        } else {
            return nil
        }
    }
}

/// Decodes a value of any type, as the arguments of methods are decoded.
struct AnyArgument: Decodable {
    private struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }

    init(from decoder: any Decoder) throws {
        if var elements = try? decoder.unkeyedContainer() {
            while !elements.isAtEnd { _ = try elements.decode(AnyArgument.self) }
        } else if let members = try? decoder.container(keyedBy: Key.self) {
            for key in members.allKeys { _ = try members.decode(AnyArgument.self, forKey: key) }
        } else {
            let value = try decoder.singleValueContainer()
            guard !value.decodeNil(), (try? value.decode(Bool.self)) == nil, (try? value.decode(Int8.self)) == nil,
                (try? value.decode(UInt64.self)) == nil, (try? value.decode(Float.self)) == nil
            else { return }
            _ = try value.decode(String.self)
        }
    }
}
