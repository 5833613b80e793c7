import Foundation

/// A process of this machine, read from Linux' /proc (proc(5)).
struct MeasuredProcess: Sendable {
    let name: String
    private let id: Int32

    init(name: String, id: Int32) {
        self.name = name
        self.id = id
    }

    /// Reads `NAME=PID`.
    init(parsing text: String) throws {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let id = Int32(parts[1]), id > 0 else {
            throw UsageError("process must be NAME=PID")
        }
        self.init(name: String(parts[0]), id: id)
        _ = try cpuSeconds()
    }

    /// User and system time since it began, all threads together.
    func cpuSeconds() throws -> Double {
        // The second field, the command in parentheses, may hold anything.
        guard let end = try file("stat").split(separator: ")").last else { throw unreadable }
        let fields = end.split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            throw unreadable
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory now, and the most there was.
    func residentBytes() throws -> (now: Int, peak: Int) {
        let status = try file("status")
        return (try kibibytes("VmRSS:", in: status) * 1024, try kibibytes("VmHWM:", in: status) * 1024)
    }

    private func kibibytes(_ key: String, in status: String) throws -> Int {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(key) }),
            let number = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
        else { throw unreadable }
        return number
    }

    private func file(_ file: String) throws -> String {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/\(file)", encoding: .utf8) else { throw unreadable }
        return text
    }

    private var unreadable: UsageError { UsageError("process \(name): /proc/\(id) cannot be read") }
}
