import Subprocess
import SystemPackage

/// A developer's tool that is asked for a token: run directly, without a shell, with a bound on its time and its output.
struct CommandLineTool: Sendable {
    enum Failure: Error, Hashable {
        case notFound
        case notExecutable
        case timeout
        case outputTooLong
    }

    struct Output: Sendable {
        /// Nil when a signal ended it.
        let exitCode: Int32?
        let standardOutput: String
        let standardError: String
    }

    /// Looked for in the absolute folders of `PATH`.
    let name: String
    let environment: [String: String]
    let timeout: Duration

    private static let maximumOutput = 256 * 1024

    /// - Throws: ``Failure``, or `CancellationError`.
    func run(_ arguments: [String], adding variables: [String: String]) async throws -> Output {
        let environment = Environment.custom(
            Dictionary(
                environment.merging(variables) { $1 }
                    .compactMap { name, value in Environment.Key(rawValue: name).map { ($0, value) } },
                uniquingKeysWith: { $1 }))
        guard let path = try? await Executable.name(name).resolveExecutablePath(in: environment) else {
            throw Failure.notFound
        }
        var options = PlatformOptions()
        // A session of its own: `az` is a script, and when it takes too long what it started has to end, too.
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(200))
        ]
        let configuration = Configuration(
            executable: .path(path), arguments: Arguments(arguments), environment: environment,
            // A folder of the system's, not the program's: tools read settings from where they are.
            workingDirectory: "/bin", platformOptions: options)
        return try await withThrowingTaskGroup(of: Output?.self) { group in
            group.addTask { try await Self.run(configuration) }
            group.addTask { [timeout] in
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let output = try await group.next() ?? nil else { throw Failure.timeout }
            return output
        }
    }

    private static func run(_ configuration: Configuration) async throws -> Output {
        do {
            let result = try await Subprocess.run(
                configuration, input: .none, output: .string(limit: maximumOutput),
                error: .string(limit: maximumOutput))
            let code: Int32? = if case .exited(let code) = result.terminationStatus { code } else { nil }
            return Output(
                exitCode: code, standardOutput: result.standardOutput, standardError: result.standardError)
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw error.code == .outputLimitExceeded ? Failure.outputTooLong : Failure.notExecutable
        }
    }
}
