/// What goes to a client: a method's result, or an item of its stream.
public struct HubOutput: Sendable {
    let value: HubValue?

    init(value: HubValue?) { self.value = value }

    /// What a method that returns nothing returns.
    public static let none = HubOutput(value: nil)

    /// A value for the client.
    ///
    /// - Throws: `EncodingError`, and whatever the value's own `encode(to:)` throws.
    public init(_ value: some Encodable) throws {
        self.value = try HubValue(encoding: value)
    }

    /// Whether there is no value.
    public var isNone: Bool { value == nil }

    /// The value as a client would read it; where there is none as null.
    ///
    /// - Throws: `DecodingError` where it is not of this type.
    public func decode<Value: Decodable>(as type: Value.Type) throws -> Value {
        // The encoding that keeps the most apart.
        try ReceivedValue(HubEncoding.messagePack.bytes(of: value ?? .null), .messagePack).decode(as: type)
    }
}
