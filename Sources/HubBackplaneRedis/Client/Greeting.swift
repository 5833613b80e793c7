import NIOCore

/// What is said first on every connection, and what has to be answered to it.
struct Greeting {
    enum Action: Equatable {
        case wait
        /// The connection can be used.
        case succeed
        case fail(RedisConnectError)
    }

    private enum Step {
        case authenticate, select, name, ping
    }

    private let credentials: RedisCredentials?
    private let database: Int
    private let name: String
    private let steps: [Step]
    private var answered = 0

    /// - Parameter name: The connection's name in `CLIENT LIST`.
    init(credentials: RedisCredentials?, database: Int, name: String) {
        self.credentials = credentials
        self.database = database
        self.name = name
        var steps: [Step] = [.name, .ping]
        if database != 0 { steps.insert(.select, at: 0) }
        if credentials != nil { steps.insert(.authenticate, at: 0) }
        self.steps = steps
    }

    func encode(into buffer: inout ByteBuffer) {
        for step in steps {
            switch step {
            case .authenticate:
                if let credentials { buffer.writeCommand(credentials.command) }
            case .select: buffer.writeCommand("SELECT", .number(Int64(database)))
            case .name: buffer.writeCommand("CLIENT", "SETNAME", .text(name))
            case .ping: buffer.writeCommand("PING")
            }
        }
    }

    mutating func received(_ reply: RESPValue) -> Action {
        guard answered < steps.count else { return .fail(RedisConnectError("a reply that belongs to no command")) }
        let step = steps[answered]
        answered += 1
        if let error = reply.error {
            switch step {
            case .authenticate: return .fail(RedisConnectError(refusal: error))
            case .select: return .fail(RedisConnectError("the database was refused: \(error)"))
            // A name is a help for operators only; an access control list may forbid it.
            case .name where error.hasPrefix("NOPERM "): break
            case .name, .ping: return .fail(RedisConnectError(error))
            }
        }
        return answered == steps.count ? .succeed : .wait
    }
}

/// Why a connection to Redis could not be made.
struct RedisConnectError: Error, Equatable, CustomStringConvertible {
    let description: String
    /// Whether the server did not take the credentials.
    let isRefusal: Bool

    init(_ description: String) {
        self.description = description
        isRefusal = false
    }

    init(refusal error: String) {
        description = "the password was refused: \(error)"
        isRefusal = true
    }
}
