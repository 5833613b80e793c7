import Foundation

/// `hubbub load`: clients for any SignalR endpoint that serves the chat hub, which check and time what they receive.
enum LoadCommand {
    static func run(_ arguments: [String]) async throws {
        if arguments.contains("--help") || arguments.contains("-h") { return print(Option.loadHelp) }
        // Only flags: the environment may hold what a node is told.
        let flags = try OptionValues(options: Option.load, arguments: arguments, environment: [:])
        let interruption = LoadInterruption()
        if let path = try flags.text("scenario") {
            try await run(try LoadScenario(at: path, flags: flags), isJSON: flags.isGiven("json"), interruption)
            return
        }
        let configuration = try LoadConfiguration(flags)
        let report = try await LoadRun(configuration, interruption: interruption).run()
        print(configuration.isJSON ? try report.json() : report.table)
        if let problem = problem(of: report, configuration) { throw ShortOfWhatWasAsked(description: problem) }
    }

    private static func run(
        _ scenario: LoadScenario, isJSON: Bool, _ interruption: LoadInterruption
    ) async throws {
        var reports: [LoadScenario.Report] = []
        var problems: [String] = []
        for (name, configuration) in scenario.runs where !interruption.isInterrupted {
            let report = try await LoadRun(configuration, interruption: interruption).run()
            reports.append(LoadScenario.Report(name: name, report: report))
            if !isJSON { print("\(reports.count > 1 ? "\n" : "")\(name)\n\n\(report.table)") }
            if let problem = problem(of: report, configuration) { problems.append("\(name): \(problem)") }
            fflush(nil)
        }
        if isJSON { print(try LoadReport.json(of: reports)) }
        if !problems.isEmpty { throw ShortOfWhatWasAsked(description: problems.joined(separator: "; ")) }
    }

    private static func problem(of report: LoadReport, _ configuration: LoadConfiguration) -> String? {
        let missed = configuration.objectives.compactMap { $0.missed(by: report) }
        let problems = [report.loss].compactMap(\.self) + missed
        return problems.isEmpty ? nil : problems.joined(separator: "; ")
    }
}

/// Something did not arrive as it should have, or an objective was missed.
private struct ShortOfWhatWasAsked: Error, CustomStringConvertible {
    let description: String
}
