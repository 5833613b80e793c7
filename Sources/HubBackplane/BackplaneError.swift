/// Why the backplane could not do something.
public struct BackplaneError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String { case unavailable, timeout, outOfMemory, refused, closed }
        private let kind: Kind

        /// There is no connection; the command was not sent.
        public static let unavailable = Code(kind: .unavailable)
        /// The command was sent and not answered; whether it took effect is unknown.
        public static let timeout = Code(kind: .timeout)
        /// The store refuses writes because its memory is full.
        public static let outOfMemory = Code(kind: .outOfMemory)
        /// The store answered with an error.
        public static let refused = Code(kind: .refused)
        /// The backplane was shut down.
        public static let closed = Code(kind: .closed)

        public var description: String { kind.rawValue }
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, without payloads or secrets.
    public let message: String

    /// Creates an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "backplane \(code): \(message)" }
}
