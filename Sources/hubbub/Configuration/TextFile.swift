import Foundation

/// A file that an option names.
enum TextFile {
    /// Its text; `nil` where it cannot be read. It may be a pipe, as secrets are often handed over.
    static func text(at path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        do {
            return String(data: try file.readToEnd() ?? Data(), encoding: .utf8)
        } catch {
            return nil
        }
    }
}
