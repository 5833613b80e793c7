import HubBackplane

extension BackplaneError {
    /// The error for an error reply of Redis.
    init(redis message: String) {
        // An unknown command is answered with its arguments, which may be anybody's text.
        let text = message.firstRange(of: ", with args").map { String(message[..<$0.lowerBound]) } ?? message
        self.init(message.hasPrefix("OOM ") ? .outOfMemory : .refused, text)
    }

    static func unexpectedReply(to command: String) -> BackplaneError {
        BackplaneError(.refused, "an unexpected reply to \(command)")
    }
}

extension [RESPValue] {
    /// Throws the first error reply among these.
    func throwFirstError() throws(BackplaneError) {
        if let error = lazy.compactMap(\.error).first { throw BackplaneError(redis: error) }
    }
}

extension String {
    /// Whether this error reply says that the server cannot be used at all by this connection.
    var meansUnusableServer: Bool {
        ["LOADING ", "READONLY ", "NOAUTH ", "MASTERDOWN "].contains { hasPrefix($0) }
    }
}
