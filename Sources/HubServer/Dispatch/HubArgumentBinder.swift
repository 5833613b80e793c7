import HubProtocol
import NIOCore

/// Gives a method what an invocation brings as the types that it declares, one after the other.
struct HubArgumentBinder: Sendable {
    private var arguments: ArraySlice<ByteBuffer>
    private var uploads: ArraySlice<HubUploadSource>
    private let encoding: HubEncoding

    /// - Parameter uploads: As many as the method has parameters for them.
    init(
        _ arguments: [ByteBuffer], uploads: [HubUploadSource] = [], _ encoding: HubEncoding,
        for parameters: HubParameters
    ) throws(HubBindingError) {
        guard (parameters.required...parameters.count).contains(arguments.count) else {
            throw HubBindingError(
                detail: .argumentCount(provided: arguments.count, expected: parameters.count))
        }
        self.arguments = arguments[...]
        self.uploads = uploads[...]
        self.encoding = encoding
    }

    mutating func next<Argument: Decodable>(as type: Argument.Type) throws(HubBindingError) -> Argument {
        if let type = type as? any HubUploadParameter.Type, let source = uploads.popFirst(),
            let upload = type.init(source) as? Argument
        {
            return upload
        }
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
