import ArgumentParser
import AzureIdentity
import Foundation
import Logging
import NIOSSL

/// Gets tokens as it is told and prints what came of it as JSON, for tests that do the same with other libraries.
@main
struct AzureIdentityProbe: AsyncParsableCommand {
    enum Kind: String, ExpressibleByArgument {
        case `default`
        case environment
        case workload
        case managed
        case cli
        case azd
    }

    @Argument var credential: Kind
    @Option var scope: [String] = ["https://cognitiveservices.azure.com/.default"]
    /// Of the request, not of the credential.
    @Option var tenantID: String?
    @Option var claims: String?
    @Flag var cae = false
    @Option var clientID: String?
    @Option var objectID: String?
    @Option var resourceID: String?
    @Option var exclude: [String] = []
    @Option var times = 1
    /// A certificate that is trusted besides those of the system.
    @Option var caFile: String?

    func run() async throws {
        var last: Outcome?
        do {
            let credential = try makeCredential()
            for _ in 0..<times {
                let token = try await credential.getToken(
                    TokenRequestContext(scopes: scope, tenantID: tenantID, claims: claims, isCAEEnabled: cae))
                last = Outcome(token)
            }
        } catch let error as CredentialUnavailableError {
            last = Outcome("unavailable", "\(error)", error.attempts)
        } catch let error as AuthenticationFailedError {
            last = Outcome("failed", "\(error)", error.attempts)
        } catch let error as CredentialConfigurationError {
            last = Outcome("configuration", "\(error)", [])
        }
        print(String(decoding: try JSONEncoder().encode(last), as: UTF8.self))
    }

    private func makeCredential() throws -> any TokenCredential {
        var options = TokenCredentialOptions()
        options.logger.logLevel = .error
        if let caFile {
            options.tlsConfiguration.additionalTrustRoots = [.file(caFile)]
        }
        switch credential {
        case .default:
            return try DefaultAzureCredential(
                managedIdentityClientID: clientID,
                excluding: Set(exclude.compactMap(DefaultAzureCredential.Source.init)), options: options)
        case .environment: return try EnvironmentCredential(options: options)
        case .workload: return try WorkloadIdentityCredential(clientID: clientID, options: options)
        case .managed: return try ManagedIdentityCredential(identity, options: options)
        case .cli: return try AzureCliCredential(options: options)
        case .azd: return try AzureDeveloperCliCredential(options: options)
        }
    }

    private var identity: ManagedIdentityID {
        clientID.map { .clientID($0) } ?? objectID.map { .objectID($0) } ?? resourceID.map { .resourceID($0) }
            ?? .systemAssigned
    }

    private struct Outcome: Encodable {
        var outcome: String
        var token: String?
        var expiresOn: Int?
        var refreshOn: Int?
        var description: String?
        var attempts: [String]?

        init(_ token: AccessToken) {
            outcome = "token"
            self.token = token.token
            expiresOn = Int(token.expiresOn.timeIntervalSince1970)
            refreshOn = token.refreshOn.map { Int($0.timeIntervalSince1970) }
        }

        init(_ outcome: String, _ description: String, _ attempts: [CredentialAttempt]) {
            self.outcome = outcome
            self.description = description
            self.attempts = attempts.map(\.credential)
        }
    }
}
