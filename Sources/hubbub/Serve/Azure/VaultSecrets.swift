import AzureIdentity
import AzureKeyVault
import HubServer
import Logging

extension Option {
    /// Whether other nodes or backends use the secret: one that has it already shows it to those that do not yet, all of which then
    /// read the vault.
    fileprivate var isShownByOthers: Bool { ["cluster-secret", "jwt-secret", "management-key"].contains(name) }
}

/// The options whose values are in vaults, and what reads them.
struct VaultSecrets: Sendable {
    /// By the option's name.
    private let secrets: [String: PolledSecret]
    /// The secrets that are no references, as they were read: a file may be a pipe, which tells them once.
    private let read: [String: String]

    /// What keeps them new.
    var services: [PolledSecret] { Array(secrets.values) }

    /// The secret of an option; nil where its value is no reference.
    subscript(option: String) -> PolledSecret? { secrets[option] }

    /// Finds the secret options whose values are references.
    ///
    /// - Throws: ``UsageError`` that names the option whose reference is none.
    init(_ values: OptionValues, options: [Option], access: AzureAccess, logger: Logger) throws {
        let suffix = try values.text("key-vault-dns-suffix") ?? KeyVaultSecretReference.publicCloud
        let interval = try values.duration("key-vault-reload-interval")
        var secrets: [String: PolledSecret] = [:]
        var read: [String: String] = [:]
        var client: KeyVaultClient?
        for option in options where option.isSecret && values.isGiven(option.name) {
            guard let text = try values.text(option.name) else { continue }
            guard text.hasPrefix(KeyVaultSecretReference.scheme) else {
                read[option.name] = text
                continue
            }
            do {
                let reference = try KeyVaultSecretReference(text, dnsSuffix: suffix)
                let reader =
                    try client
                    ?? KeyVaultClient(credential: access.credential(for: option.name), options: access.options)
                client = reader
                var logger = logger
                logger[metadataKey: "option"] = "\(option.name)"
                secrets[option.name] = PolledSecret(
                    reference, client: reader, interval: interval,
                    minimumInterval: option.isShownByOthers ? .seconds(1) : .seconds(60), logger: logger)
            } catch let error as KeyVaultReferenceError {
                throw UsageError("\(option.name): the reference \(error)")
            }
        }
        self.secrets = secrets
        self.read = read
    }

    /// Lets a secret change with the vault's.
    ///
    /// - Parameter option: Where the secret is from; one that is in no vault stays as it is.
    func keepNew(_ secret: RotatingSecret?, of option: String, logger: Logger) async {
        guard let secret, let polled = secrets[option] else { return }
        await polled.observe { accepted in
            if secret.replace(with: accepted.map { Array($0.utf8) }) { return }
            logger.error(
                "The vault's secret is too short, the one before it is kept", metadata: ["option": "\(option)"])
        }
        secret.onUnknownValue { await polled.readAgain() }
    }

    /// Reads them for the first time.
    ///
    /// - Returns: The values with those of the vaults in them.
    /// - Throws: ``UsageError`` that names the option and the secret that cannot be read.
    func resolve(_ values: OptionValues) async throws -> OptionValues {
        let texts = try await withThrowingTaskGroup(of: (String, String).self) { group in
            for (name, secret) in secrets {
                group.addTask {
                    do {
                        return (name, try await secret.load())
                    } catch let error as KeyVaultError {
                        throw UsageError("\(name): cannot read \(secret.reference): \(error)")
                    }
                }
            }
            return try await group.reduce(into: read) { $0[$1.0] = $1.1 }
        }
        return values.replacing(texts)
    }
}
