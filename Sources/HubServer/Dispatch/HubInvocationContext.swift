import HubProtocol

/// An invocation of a hub method by a client.
public struct HubInvocationContext: Sendable {
    /// The connection that invokes.
    public let context: HubContext
    /// The method's name as it was registered.
    public let methodName: String

    private let message: InvocationMessage

    init(_ invocation: Invocation, context: HubContext) {
        self.context = context
        methodName = invocation.method.name
        message = invocation.message
    }

    /// How many arguments the client has sent.
    public var argumentCount: Int { message.arguments.count }

    /// One of the client's arguments, from 0.
    ///
    /// - Throws: Where there is none at this place, or it is not of this type.
    public func argument<Argument: Decodable>(_ index: Int, as type: Argument.Type) throws -> Argument {
        let place = message.arguments.indices.contains(index) ? [message.arguments[index]] : []
        var binder = try HubArgumentBinder(place, context.connection.encoding, for: HubParameters(type))
        return try binder.next(as: type)
    }
}
