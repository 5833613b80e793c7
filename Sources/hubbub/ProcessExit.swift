import Foundation

/// The end of a command that cannot do what was asked.
enum ProcessExit {
    /// Says why in one line on standard error and exits with 1.
    static func fail(_ line: String) -> Never {
        FileHandle.standardError.write(Data((line.replacing("\n", with: " ") + "\n").utf8))
        exit(1)
    }
}

/// What was asked for cannot be done: a wrong option, file or value.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
