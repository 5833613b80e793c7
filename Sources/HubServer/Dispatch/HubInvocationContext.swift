import NIOCore

/// An invocation of a hub method by a client.
public struct HubInvocationContext: Sendable {
    /// The connection that invokes.
    public let context: HubContext
    /// The method's name as it was registered.
    public let methodName: String

    private(set) var arguments: [ByteBuffer]

    init(_ invocation: Invocation, context: HubContext) {
        self.context = context
        methodName = invocation.method.name
        arguments = invocation.message.arguments
    }

    /// How many arguments the client has sent.
    public var argumentCount: Int { arguments.count }

    /// One of the client's arguments, from 0.
    ///
    /// - Throws: Where there is none at this place, or it is not of this type.
    public func argument<Argument: Decodable>(_ index: Int, as type: Argument.Type) throws -> Argument {
        let place = arguments.indices.contains(index) ? [arguments[index]] : []
        var binder = try HubArgumentBinder(place, context.connection.encoding, for: HubParameters(type))
        return try binder.next(as: type)
    }

    /// Puts another argument in the place of one of the client's, for what comes after a filter.
    ///
    /// - Throws: Where there is none at this place, or the value cannot be encoded.
    public mutating func setArgument(_ index: Int, to value: some Encodable) throws {
        guard arguments.indices.contains(index) else {
            throw HubBindingError(detail: .argumentCount(provided: arguments.count, expected: index + 1))
        }
        arguments[index] = try context.connection.encoding.bytes(of: HubValue(encoding: value))
    }
}
