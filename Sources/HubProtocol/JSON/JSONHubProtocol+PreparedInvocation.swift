package import NIOCore

extension JSONHubProtocol {
    /// A fire-and-forget invocation whose target and first arguments are encoded once, for a target that is called for
    /// every chunk of a reply: each call copies those bytes and encodes the rest.
    package struct PreparedInvocation: Sendable {
        private let beginning: ByteBuffer
        private let endsBehindValue: Bool

        /// - Parameter leadingArguments: writes the arguments that all calls have in common, one value each.
        package init(target: String, leadingArguments: (inout JSONWriter) -> Void = { _ in }) {
            var beginning = ByteBuffer()
            var endsBehindValue = false
            JSONWriter.append(to: &beginning) { writer in
                writer.beginObject()
                writer.key("type")
                writer.integer(HubMessageType.invocation.rawValue)
                writer.key("target")
                writer.string(target)
                writer.key("arguments")
                writer.beginArray()
                leadingArguments(&writer)
                endsBehindValue = writer.endsBehindValue
            }
            self.beginning = beginning
            self.endsBehindValue = endsBehindValue
        }

        /// Appends one whole record.
        /// - Parameter arguments: writes the arguments of this call, one value each.
        package func write<Failure: Error>(
            into buffer: inout ByteBuffer, arguments: (inout JSONWriter) throws(Failure) -> Void
        ) throws(Failure) {
            try JSONWriter.append(to: &buffer) { writer throws(Failure) in
                writer.fragment(beginning, endsBehindValue: endsBehindValue)
                try arguments(&writer)
                writer.endRecord(endingArray: true)
            }
        }
    }
}
