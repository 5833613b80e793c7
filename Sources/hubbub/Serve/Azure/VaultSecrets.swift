import AzureIdentity
import AzureKeyVault
import Logging

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
                    reference, client: reader, interval: interval, logger: logger)
            } catch let error as KeyVaultReferenceError {
                throw UsageError("\(option.name): the reference \(error)")
            }
        }
        self.secrets = secrets
        self.read = read
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
