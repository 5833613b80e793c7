import HubProtocol
import NIOCore

/// Reads types from one MessagePack value: arrays are unkeyed containers, maps keyed ones, by their members' names as
/// declared.
struct MessagePackDecoder: Decoder {
    let value: MessagePackValue
    let codingPath: [any CodingKey]

    init(_ value: MessagePackValue, at codingPath: [any CodingKey] = []) {
        self.value = value
        self.codingPath = codingPath
    }

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard let scalar = type as? any MessagePackScalar.Type else { return try type.init(from: self) }
        guard let value = scalar.init(value) as? Value else { throw mismatch(type) }
        return value
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let members = value.members() else { throw mismatch([String: Any].self) }
        return KeyedDecodingContainer(Keyed(members, at: codingPath))
    }

    /// Bytes are an array of integers to whoever asks for one.
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        if let elements = value.elements() { return Unkeyed(elements, at: codingPath) }
        guard let bytes = value.binary() else { throw mismatch([Any].self) }
        return Unkeyed(bytes.readableBytesView.map(MessagePackValue.init(byte:)), at: codingPath)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { Single(decoder: self) }

    private func mismatch(_ type: Any.Type) -> DecodingError {
        let context = DecodingError.Context(codingPath: codingPath, debugDescription: "The value is of another type.")
        return value.isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }
}

// A method for any Decodable meets the requirements for each scalar type, too.

private struct Single: SingleValueDecodingContainer {
    let decoder: MessagePackDecoder

    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { decoder.value.isNull }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.decode(type) }
}

private struct Unkeyed: UnkeyedDecodingContainer {
    let codingPath: [any CodingKey]
    private let elements: [MessagePackValue]
    private(set) var currentIndex = 0

    init(_ elements: [MessagePackValue], at codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex == elements.count }

    mutating func decodeNil() throws -> Bool {
        guard try next(Never?.self).value.isNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try next(type).decode(type)
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        let container = try next([String: Any].self).container(keyedBy: type)
        currentIndex += 1
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try next([Any].self).unkeyedContainer()
        currentIndex += 1
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = try next((any Decoder).self)
        currentIndex += 1
        return decoder
    }

    private func next(_ type: Any.Type) throws -> MessagePackDecoder {
        let path = codingPath + [NameKey(currentIndex)]
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                type, DecodingError.Context(codingPath: path, debugDescription: "The array has no more elements."))
        }
        return MessagePackDecoder(elements[currentIndex], at: path)
    }
}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let codingPath: [any CodingKey]
    private var members: [String: MessagePackValue] = [:]

    /// Integers may be keys too, of dictionaries; of equal names the last counts.
    init(_ members: [(key: MessagePackValue, value: MessagePackValue)], at codingPath: [any CodingKey]) {
        self.codingPath = codingPath
        for (key, value) in members {
            guard let name = key.string() ?? key.integer(as: Int64.self).map(String.init) else { continue }
            self.members[name] = value
        }
    }

    var allKeys: [Key] { members.keys.compactMap(Key.init(stringValue:)) }

    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try member(key).value.isNull }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try member(key).decode(type) }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> { try member(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try member(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try member(NameKey.super) }

    func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }

    private func member(_ key: any CodingKey) throws -> MessagePackDecoder {
        guard let value = members[key.stringValue] else {
            throw DecodingError.keyNotFound(
                key, DecodingError.Context(codingPath: codingPath, debugDescription: "The map has no such member."))
        }
        return MessagePackDecoder(value, at: codingPath + [key])
    }
}
