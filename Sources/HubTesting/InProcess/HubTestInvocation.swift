import HubProtocol
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a hub has sent to a ``HubTestClient``.
public struct HubTestInvocation: Sendable {
    private let message: InvocationMessage

    init(_ message: InvocationMessage) { self.message = message }

    /// The method's name.
    public var target: String { message.target }

    /// How many arguments came.
    public var count: Int { message.arguments.count }

    /// The argument at an index.
    ///
    /// - Throws: `DecodingError` where it is not of that type.
    public func argument<Argument: Decodable>(_ index: Int, as type: Argument.Type = Argument.self) throws -> Argument {
        try JSONDecoder().decode(type, from: Data(message.arguments[index].readableBytesView))
    }
}
