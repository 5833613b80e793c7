import ChatHub
import ChatModels
import Foundation
import Logging
import ServiceLifecycle

/// `hubbub check`: what a node would find.
enum CheckCommand {
    static func run(_ arguments: [String]) async throws {
        if arguments.contains("--help") || arguments.contains("-h") { return print(Option.checkHelp) }
        let values = try OptionValues(
            options: Option.serve, arguments: arguments, environment: ProcessInfo.processInfo.environment)
        _ = try ServeConfiguration.logger(values)
        let log = CheckLog()
        var findings = CheckFindings()
        let access = try AzureAccess(values, logger: log.logger)
        let vault = try VaultSecrets(values, options: Option.serve, access: access, logger: log.logger)
        let configuration: ServeConfiguration
        do {
            let resolved = try await vault.resolve(values)
            if !vault.services.isEmpty {
                findings.add(.ok, "secrets", "\(vault.services.count) of Key Vault can be read")
            }
            configuration = try ServeConfiguration(resolved)
        } catch {
            findings.add(.failed, "configuration", "\(error)")
            findings.exit()
        }
        findings.add(.ok, "configuration", "its options can be used together")
        await ListenerCheck(configuration: configuration).run(&findings)
        await RedisCheck(configuration: configuration, access: access, vault: vault, log: log).run(&findings)
        await KeySetCheck(configuration: configuration.authentication, log: log).run(&findings)
        var services: [any Service] = []
        do {
            let model = try configuration.model.make(access: access, vault: vault, logger: log.logger)
            let filters = try configuration.contentFilter.make(access: access, vault: vault, logger: log.logger)
            services = model.services + filters.services
            let check = ModelCheck(model: model.model.with(filters.middleware), isAsked: configuration.chat.isWorker)
            await check.run(&findings)
        } catch {
            findings.add(.failed, "model", "\(error)")
        }
        // They would close clients of HTTP when they end; one that is let go of open stops the program.
        withExtendedLifetime(services) { findings.exit() }
    }
}

/// What was found, printed as it is found.
struct CheckFindings {
    enum Outcome: String { case ok, warning, failed }

    private var hasFailed = false

    mutating func add(_ outcome: Outcome, _ part: String, _ text: String) {
        if outcome == .failed { hasFailed = true }
        let columns = [outcome.rawValue.padding(to: 8), part.padding(to: 14), text.replacing("\n", with: " ")]
        print(columns.joined(separator: " "))
    }

    func exit() -> Never {
        fflush(nil)
        Foundation.exit(hasFailed ? 1 : 0)
    }
}

extension String {
    fileprivate func padding(to length: Int) -> String { padding(toLength: length, withPad: " ", startingAt: 0) }
}
