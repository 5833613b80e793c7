import HubProtocol
import HubServer
import NIOCore

/// What a hub has sent to a ``HubTestClient``.
public struct HubTestInvocation: Sendable {
    private let message: InvocationMessage
    private let encoding: HubEncoding

    init(_ message: InvocationMessage, _ encoding: HubEncoding) {
        self.message = message
        self.encoding = encoding
    }

    /// The method's name.
    public var target: String { message.target }

    /// How many arguments came.
    public var count: Int { message.arguments.count }

    /// Whether the hub waits for an answer, see ``HubTestClient/answer(_:with:)``.
    public var isAnswered: Bool { message.invocationID != nil }

    /// Under which id it is answered.
    package var id: String? { message.invocationID }

    /// The argument at an index.
    ///
    /// - Throws: `DecodingError` where it is not of that type.
    public func argument<Argument: Decodable>(_ index: Int, as type: Argument.Type = Argument.self) throws -> Argument {
        try ReceivedValue(message.arguments[index], encoding).decode(as: type)
    }
}
