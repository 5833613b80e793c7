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

    private let configuration: RedisConfiguration
    private let name: String
    private let steps: [Step]
    private var answered = 0

    /// - Parameter name: The connection's name in `CLIENT LIST`.
    init(configuration: RedisConfiguration, name: String) {
        self.configuration = configuration
        self.name = name
        var steps: [Step] = [.name, .ping]
        if configuration.database != 0 { steps.insert(.select, at: 0) }
        if configuration.password != nil { steps.insert(.authenticate, at: 0) }
        self.steps = steps
    }

    func encode(into buffer: inout ByteBuffer) {
        for step in steps {
            switch step {
            case .authenticate:
                let user = configuration.username.map { [RESPArgument.text($0)] } ?? []
                buffer.writeCommand(["AUTH"] + user + [.text(configuration.password ?? "")])
            case .select: buffer.writeCommand("SELECT", .number(Int64(configuration.database)))
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
            case .authenticate: return .fail(RedisConnectError("the password was refused: \(error)"))
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
    init(_ description: String) { self.description = description }
}
