/// Bytes that break the hub protocol; the connection that sent them is closed.
///
/// The message names what is wrong with words of ours only: it never repeats what the client sent, so it can be logged.
package struct HubProtocolError: Error, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        /// Not a JSON text as RFC 8259 has it.
        case malformedJSON
        /// Not one MessagePack value, or not an array where a message is expected.
        case malformedMessagePack
        /// The variable-length integer in front of a MessagePack message does not end.
        case malformedLength
        /// Arrays and objects in each other beyond the limit.
        case nestedTooDeeply
        /// A required property is absent or null.
        case missingProperty
        /// A property has the wrong type or an impossible value.
        case invalidProperty
        /// Two properties exclude each other.
        case conflictingProperties
        /// A record is longer than the limit.
        case messageTooLarge
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: StaticString) {
        self.code = code
        self.message = message.description
    }
}

extension HubProtocolError: CustomStringConvertible {
    package var description: String { message }
}
