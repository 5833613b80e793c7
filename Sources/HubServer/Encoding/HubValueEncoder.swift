extension HubValue {
    /// How deep arrays and objects of a value may lie in each other; clients read no more.
    package static let maximumDepth = 60

    /// Encodes any value.
    ///
    /// - Throws: `EncodingError`, and whatever the value's own `encode(to:)` throws.
    package init(encoding value: some Encodable) throws {
        try self.init(encoding: value, at: [])
    }

    fileprivate init(encoding value: some Encodable, at path: [any CodingKey]) throws {
        if let scalar = value as? any HubScalar {
            self = scalar.hubValue
        } else {
            guard path.count < Self.maximumDepth else {
                let context = EncodingError.Context(
                    codingPath: path, debugDescription: "The value is nested too deeply.")
                throw EncodingError.invalidValue(value, context)
            }
            let place = Place()
            try value.encode(to: HubValueEncoder(codingPath: path, place: place))
            self = place.value
        }
    }
}

/// Where a value that is being encoded comes to lie: what it is, is known once it asks for a container.
private final class Place {
    enum Content {
        case nothing
        case value(HubValue)
        case array([Content])
        case object([(name: String, content: Content)])
        /// What a nested container, or the encoder of a superclass, is still filling.
        case open(Place)
    }

    var content = Content.nothing

    var value: HubValue { Self.value(of: content) }

    /// A type that encodes nothing is an object without members.
    private static func value(of content: Content) -> HubValue {
        switch content {
        case .nothing: .object([])
        case .value(let value): value
        case .array(let elements): .array(elements.map(value(of:)))
        case .object(let members): .object(members.map { ($0.name, value(of: $0.content)) })
        case .open(let place): place.value
        }
    }

    var elementCount: Int {
        if case .array(let elements) = content { elements.count } else { 0 }
    }

    func append(_ element: Content) {
        guard case .array(var elements) = content else { return content = .array([element]) }
        // The array must not be held twice while it grows.
        content = .nothing
        elements.append(element)
        content = .array(elements)
    }

    func append(_ member: Content, name: String) {
        guard case .object(var members) = content else { return content = .object([(name, member)]) }
        content = .nothing
        members.append((name, member))
        content = .object(members)
    }
}

private struct HubValueEncoder: Encoder {
    let codingPath: [any CodingKey]
    let place: Place

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .nothing = place.content { place.content = .object([]) }
        return KeyedEncodingContainer(Keyed(codingPath: codingPath, place: place))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .nothing = place.content { place.content = .array([]) }
        return Unkeyed(codingPath: codingPath, place: place)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(codingPath: codingPath, place: place) }
}

// A method for any Encodable meets the requirements for each scalar type, too.

private struct Single: SingleValueEncodingContainer {
    let codingPath: [any CodingKey]
    let place: Place

    func encodeNil() { place.content = .value(.null) }

    func encode<Value: Encodable>(_ value: Value) throws {
        place.content = .value(try HubValue(encoding: value, at: codingPath))
    }
}

private struct Unkeyed: UnkeyedEncodingContainer {
    let codingPath: [any CodingKey]
    let place: Place

    var count: Int { place.elementCount }

    func encodeNil() { place.append(.value(.null)) }

    func encode<Value: Encodable>(_ value: Value) throws {
        place.append(.value(try HubValue(encoding: value, at: codingPath + [NameKey(count)])))
    }

    func nestedContainer<NestedKey: CodingKey>(keyedBy keyType: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        nested().container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }

    func superEncoder() -> any Encoder { nested() }

    private func nested() -> HubValueEncoder {
        let encoder = HubValueEncoder(codingPath: codingPath + [NameKey(count)], place: Place())
        place.append(.open(encoder.place))
        return encoder
    }
}

private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let codingPath: [any CodingKey]
    let place: Place

    func encodeNil(forKey key: Key) { place.append(.value(.null), name: key.stringValue) }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        place.append(.value(try HubValue(encoding: value, at: codingPath + [key])), name: key.stringValue)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> { nested(key).container(keyedBy: keyType) }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { nested(key).unkeyedContainer() }

    func superEncoder() -> any Encoder { nested(NameKey.super) }

    func superEncoder(forKey key: Key) -> any Encoder { nested(key) }

    private func nested(_ key: any CodingKey) -> HubValueEncoder {
        let encoder = HubValueEncoder(codingPath: codingPath + [key], place: Place())
        place.append(.open(encoder.place), name: key.stringValue)
        return encoder
    }
}
