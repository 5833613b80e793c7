import Foundation

/// What processes used in each phase of the test, the load test itself among them.
struct ProcessUsage {
    struct Phase: Encodable {
        let name: String
        let cpuSeconds: Double
        let residentBytes: Int
        let peakResidentBytes: Int
    }

    private(set) var phases: [String: [Phase]] = [:]
    private let processes: [MeasuredProcess]
    private var cpuSeconds: [Double]
    /// Resident memory before the first phase.
    private(set) var residentBytesBefore: [String: Int] = [:]

    init(_ processes: [MeasuredProcess]) throws {
        self.processes = processes.isEmpty ? [] : processes + [MeasuredProcess(name: "load", id: getpid())]
        cpuSeconds = try self.processes.map { try $0.cpuSeconds() }
        for process in self.processes { residentBytesBefore[process.name] = try process.residentBytes().now }
    }

    /// A phase ends, and the next one begins.
    mutating func endPhase(_ phase: String) throws {
        for (index, process) in processes.enumerated() {
            let seconds = try process.cpuSeconds()
            let memory = try process.residentBytes()
            phases[process.name, default: []].append(
                Phase(
                    name: phase, cpuSeconds: seconds - cpuSeconds[index], residentBytes: memory.now,
                    peakResidentBytes: memory.peak))
            cpuSeconds[index] = seconds
        }
    }
}
