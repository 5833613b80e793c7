import Foundation

/// What Prometheus' own clients tell of their process, read from `/proc` when it is asked for.
struct ProcessMetrics: Sendable {
    private let start = Date().timeIntervalSince1970

    func text() -> String {
        var usage = rusage()
        getrusage(Self.thisProcess, &usage)
        var text = ""
        func tell(_ name: String, _ type: String, _ help: String, _ value: some CustomStringConvertible) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n\(name) \(value)\n"
        }
        tell(
            "process_cpu_seconds_total", "counter", "CPU time, of user and system.",
            usage.ru_utime.seconds + usage.ru_stime.seconds)
        tell("process_start_time_seconds", "gauge", "When it started, since 1970.", start)
        if let pages = Self.residentPages {
            tell("process_resident_memory_bytes", "gauge", "Resident memory.", pages * sysconf(Int32(_SC_PAGESIZE)))
        }
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            tell("process_open_fds", "gauge", "Open file descriptors.", files.count)
        }
        return text
    }

    private static var residentPages: Int? {
        let statm = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        return statm?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }

    #if canImport(Darwin)
    private static let thisProcess = RUSAGE_SELF
    #else
    private static let thisProcess = __rusage_who_t(RUSAGE_SELF.rawValue)
    #endif
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}
