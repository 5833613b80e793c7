import Foundation
import Yams

/// The values given to options: flags before environment before file.
struct OptionValues: Sendable {
    private var layers: [[String: [String]]]
    private let options: [Option]

    /// Reads all three sources.
    ///
    /// - Throws: ``UsageError`` that names the first key that is not an option's, or the file that cannot be read.
    init(options: [Option], arguments: [String], environment: [String: String]) throws {
        self.options = options
        let flags = try Self.flags(arguments, options: options)
        let variables = try Self.variables(environment, options: options)
        var layers = [flags, variables.mapValues { [$0] }]
        if let path = flags["config"]?.last ?? environment["HUBBUB_CONFIG"] {
            layers.append(try Self.file(at: path, options: options).mapValues { [$0] })
        }
        let shared = Self.names(options.filter(\.isShared))
        self.layers = layers.map { $0.filter { name, values in values != [""] || !shared.contains(name) } }
    }

    /// The value of an option; `nil` where nothing was given and it has no default.
    func text(_ name: String) throws -> String? { try texts(name).last }

    /// All values of an option that may be given several times.
    func texts(_ name: String) throws -> [String] {
        for layer in layers {
            if let values = layer[name] { return values }
            if let path = layer[name + "-file"]?.last { return [try Self.secret(at: path, name: name)] }
        }
        return options.first { $0.name == name }?.fallback.map { [$0] } ?? []
    }

    /// The same values, but for some options.
    func replacing(_ values: [String: String]) -> OptionValues {
        var other = self
        other.layers.insert(values.mapValues { [$0] }, at: 0)
        return other
    }

    /// The same values, with others for options that were not given.
    func completed(by values: [String: [String]]) -> OptionValues {
        var other = self
        other.layers.append(values)
        return other
    }

    /// Whether an option was given at all.
    func isGiven(_ name: String) -> Bool {
        layers.contains { $0[name] != nil || $0[name + "-file"] != nil }
    }

    /// The value of an option that has a default or was given, read by `parse`.
    func value<Value>(_ name: String, expected: String, _ parse: (String) throws -> Value?) throws -> Value {
        guard let text = try text(name) else { throw UsageError("\(name) must be given") }
        guard let value = try parse(text) else { throw UsageError("\(name) must be \(expected)") }
        return value
    }

    /// Whether an option without a value is on: given as a flag, or `true` in the environment or the file.
    func isOn(_ name: String) throws -> Bool {
        guard let text = try text(name) else { return false }
        guard let isOn = Bool(text) else { throw UsageError("\(name) must be true or false") }
        return isOn
    }

    private static func names(_ options: [Option]) -> Set<String> {
        Set(options.map(\.name) + options.filter(\.isSecret).map { $0.name + "-file" })
    }

    private static func flags(_ arguments: [String], options: [Option]) throws -> [String: [String]] {
        let names = names(options).union(["config"])
        let kinds = Dictionary(options.map { ($0.name, $0.kind) }, uniquingKeysWith: { first, _ in first })
        var values: [String: [String]] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else { throw UsageError("unexpected argument \(argument)") }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard names.contains(name) else { throw UsageError("unknown option --\(name)") }
            guard values[name] == nil || kinds[name] == .list else { throw UsageError("--\(name) is given twice") }
            if kinds[name] == .toggle {
                values[name] = [parts.count == 1 ? "true" : String(parts[1])]
                continue
            }
            guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                throw UsageError("--\(name) needs a value")
            }
            values[name, default: []].append(value)
        }
        return values
    }

    private static func variables(_ environment: [String: String], options: [Option]) throws -> [String: String] {
        var names: [String: String] = ["HUBBUB_CONFIG": "config"]
        for option in options {
            names[option.variable] = option.name
            if option.isSecret { names[option.variable + "_FILE"] = option.name + "-file" }
        }
        var values: [String: String] = [:]
        for (variable, value) in environment {
            if let name = names[variable] {
                values[name] = value
            } else if variable.hasPrefix("HUBBUB_") {
                throw UsageError("unknown environment variable \(variable)")
            }
        }
        return values
    }

    private static func file(at path: String, options: [Option]) throws -> [String: String] {
        let names = names(options)
        guard let text = TextFile.text(at: path) else {
            throw UsageError("the file \(path) of --config cannot be read")
        }
        let node: Yams.Node?
        do { node = try Yams.compose(yaml: text) } catch { throw UsageError("\(path) is not a YAML file") }
        guard let node else { return [:] }
        guard let mapping = node.mapping else { throw UsageError("\(path) must have lines of the form KEY: VALUE") }
        var values: [String: String] = [:]
        for (key, value) in mapping {
            guard let name = key.string, names.contains(name) else {
                throw UsageError("unknown key \(key.string ?? "") in \(path)")
            }
            guard let value = value.scalar?.string else {
                throw UsageError("\(name) in \(path) must be a single value")
            }
            values[name] = value
        }
        return values
    }

    private static func secret(at path: String, name: String) throws -> String {
        guard let text = TextFile.text(at: path) else {
            throw UsageError("the file \(path) of \(name) cannot be read")
        }
        return text.trimmingCharacters(in: .newlines)
    }
}
