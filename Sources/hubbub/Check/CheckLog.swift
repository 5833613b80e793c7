import InMemoryLogging
import Logging

/// Keeps what the parts of a node log, for the reason of a failure.
struct CheckLog: Sendable {
    private let handler = InMemoryLogHandler()

    var logger: Logger { Logger(label: "hubbub", factory: { [handler] _ in handler }) }

    /// The last warning with an error.
    var lastProblem: String? {
        handler.entries.last { $0.level >= .warning && $0.metadata["error"] != nil }?.metadata["error"].map { "\($0)" }
    }

    /// What was warned of without an error.
    var warnings: [String] {
        handler.entries.filter { $0.level >= .notice && $0.metadata["error"] == nil }.map { "\($0.message)" }
    }
}
