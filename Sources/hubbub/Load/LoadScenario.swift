import Yams

/// Runs that come one after the other.
struct LoadScenario: Sendable {
    struct Report: Encodable {
        let name: String
        let report: LoadReport
    }

    /// Options that are for all runs, or for none.
    private static let flagsOnly: Set = ["scenario", "json"]

    let runs: [(name: String, configuration: LoadConfiguration)]

    /// Reads a file: a list of mappings from options' names to values, and `name`.
    ///
    /// - Parameter flags: Options of all runs, which come before those of the file.
    /// - Throws: `UsageError` that names the run and what is wrong with it.
    init(at path: String, flags: OptionValues) throws {
        guard let text = TextFile.text(at: path) else { throw UsageError("scenario: \(path) cannot be read") }
        let node: Yams.Node?
        do { node = try Yams.compose(yaml: text) } catch { throw UsageError("scenario: \(path) is not a YAML file") }
        guard let list = node?.sequence, !list.isEmpty else {
            throw UsageError("scenario: \(path) has no list of runs")
        }
        runs = try list.enumerated().map { index, node in
            guard let mapping = node.mapping else {
                throw UsageError("scenario: run \(index + 1) has no lines of the form KEY: VALUE")
            }
            let name = mapping["name"]?.string ?? "run \(index + 1)"
            do {
                return (name, try LoadConfiguration(flags.completed(by: try Self.values(mapping))))
            } catch let error as UsageError {
                throw UsageError("scenario: \(name): \(error)")
            }
        }
    }

    private static func values(_ mapping: Yams.Node.Mapping) throws -> [String: [String]] {
        let names = Set(Option.load.map(\.name)).subtracting(flagsOnly)
        var values: [String: [String]] = [:]
        for (key, value) in mapping where key.string != "name" {
            guard let name = key.string, names.contains(name) else {
                throw UsageError("unknown key \(key.string ?? "")")
            }
            let nodes = value.sequence.map { Array($0) } ?? [value]
            values[name] = try nodes.map { node in
                guard let text = node.scalar?.string else {
                    throw UsageError("\(name) must be a value, or a list of them")
                }
                return text
            }
            // An option without a value that is off is none that was given.
            if values[name] == ["false"] { values[name] = nil }
        }
        return values
    }
}
