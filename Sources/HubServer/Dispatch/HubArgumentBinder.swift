import HubProtocol
import NIOCore

/// Decodes the arguments of an invocation as the types that the method declares, one after the other.
struct HubArgumentBinder: Sendable {
    private var arguments: ArraySlice<ByteBuffer>
    private let encoding: HubEncoding

    init(_ arguments: [ByteBuffer], _ encoding: HubEncoding, for parameters: HubParameters) throws(HubBindingError) {
        guard (parameters.required...parameters.count).contains(arguments.count) else {
            throw HubBindingError(
                detail: .argumentCount(provided: arguments.count, expected: parameters.count))
        }
        self.arguments = arguments[...]
        self.encoding = encoding
    }

    mutating func next<Argument: Decodable>(as type: Argument.Type) throws(HubBindingError) -> Argument {
        guard let bytes = arguments.popFirst() else { return try Self.absent(type) }
        do {
            return try ReceivedValue(bytes, encoding).decode(as: type)
        } catch {
            throw HubBindingError(detail: .argumentTypes)
        }
    }

    private static func absent<Argument>(_ type: Argument.Type) throws(HubBindingError) -> Argument {
        guard let optional = type as? any ExpressibleByNilLiteral.Type,
            let none = optional.init(nilLiteral: ()) as? Argument
        else { throw HubBindingError(detail: .argumentTypes) }
        return none
    }
}

/// The client's arguments do not fit the method.
struct HubBindingError: Error, HubErrorNaming {
    let detail: HubErrorText.Detail

    var hubErrorName: String { detail.typeName }
    var hubErrorMessage: String { detail.message }
}

extension HubErrorText.Detail {
    static let argumentTypes = HubErrorText.Detail(
        typeName: "InvalidDataException",
        message: "Error binding arguments. Make sure that the types of the provided values match the types of the hub "
            + "method being invoked.")
}
