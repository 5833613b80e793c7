import Foundation

/// The line that a terminal is told each second.
struct LoadProgress {
    private var chunks = 0

    /// Whether anybody looks.
    static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

    /// Takes the place of the line before.
    mutating func tell(_ figures: LoadFigures, open: (connections: Int, replies: Int)) {
        let failures = figures.failures.values.reduce(0, +)
        let parts = [
            "\(open.connections) connections", "\(figures.completed) of \(figures.asks) asks", "\(open.replies) open",
            "\(figures.chunks - chunks) chunks/s", failures > 0 ? "\(failures) failed" : nil,
        ]
        chunks = figures.chunks
        Self.write("\r\u{1B}[K" + parts.compactMap(\.self).joined(separator: ", "))
    }

    /// The line goes.
    static func end() { write("\r\u{1B}[K") }

    private static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
