/// `hubbub load`: clients for any SignalR endpoint that serves the chat hub, which check and time what they receive.
enum LoadCommand {
    static func run(_ arguments: [String]) async throws {
        if arguments.contains("--help") || arguments.contains("-h") { return print(Option.loadHelp) }
        // Only flags: the environment may hold what a node is told.
        let values = try OptionValues(options: Option.load, arguments: arguments, environment: [:])
        let configuration = try LoadConfiguration(values)
        let report = try await LoadRun(configuration).run()
        print(configuration.isJSON ? try report.json() : report.table)
        let problems = [report.loss].compactMap(\.self) + configuration.objectives.compactMap { $0.missed(by: report) }
        if !problems.isEmpty { throw ShortOfWhatWasAsked(description: problems.joined(separator: "; ")) }
    }
}

/// Something did not arrive as it should have, or an objective was missed.
private struct ShortOfWhatWasAsked: Error, CustomStringConvertible {
    let description: String
}
