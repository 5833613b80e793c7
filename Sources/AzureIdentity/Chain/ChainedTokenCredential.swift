public import Logging
import Synchronization

/// Credentials that are asked one after the other until one gives a token; from then on only that one is asked.
///
/// One that is unavailable is passed over; one that fails ends the search, because it is configured and its error must not hide
/// behind what comes after it. `az` and `azd` never end it.
public final class ChainedTokenCredential: TokenCredential {
    /// A credential, and by what name errors call it.
    struct Link: Sendable {
        let name: String
        let credential: any TokenCredential
    }

    private let name: String
    private let links: [Link]
    private let logger: Logger
    private let successful = Mutex<Link?>(nil)

    /// - Parameters:
    ///   - credentials: In the order in which they are asked.
    ///   - logger: Told which credential gave a token.
    /// - Throws: ``CredentialConfigurationError`` when there is none.
    public convenience init(
        _ credentials: [any TokenCredential], logger: Logger = Logger(label: "AzureIdentity")
    ) throws(CredentialConfigurationError) {
        guard !credentials.isEmpty else {
            throw CredentialConfigurationError(
                credential: "ChainedTokenCredential", reason: "needs at least one credential.")
        }
        self.init(
            name: "ChainedTokenCredential",
            links: credentials.map { Link(name: "\(type(of: $0))", credential: $0) }, logger: logger)
    }

    init(name: String, links: [Link], logger: Logger) {
        self.name = name
        self.links = links
        self.logger = logger
    }

    public func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        if let link = successful.withLock({ $0 }) {
            return try await link.credential.getToken(context)
        }
        var chained = context
        chained.isChained = true
        var attempts: [CredentialAttempt] = []
        for link in links {
            do {
                let token = try await link.credential.getToken(chained)
                successful.withLock { $0 = link }
                logger.info("Acquired a token", metadata: ["credential": "\(link.name)", "chain": "\(name)"])
                return token
            } catch let error as CancellationError {
                throw error
            } catch let error as CredentialUnavailableError {
                attempts.append(link.attempt(.unavailable, error.reason, of: error.credential, error.attempts))
            } catch let error as AuthenticationFailedError {
                attempts.append(link.attempt(.failed, error.reason, of: error.credential, error.attempts))
                guard error.letsChainGoOn else { throw failed(attempts, error.response) }
            } catch {
                // Somebody else's credential: what its error says may hold anything.
                attempts.append(link.attempt(.failed, "failed with \(type(of: error)).", of: link.name, []))
                throw failed(attempts, nil)
            }
        }
        logger.info("No credential gave a token", metadata: ["chain": "\(name)", "attempts": "\(attempts.count)"])
        throw CredentialUnavailableError(credential: name, reason: Self.reason, attempts: attempts)
    }

    private static let reason = "failed to retrieve a token from the included credentials."

    private func failed(_ attempts: [CredentialAttempt], _ response: EntraErrorResponse?) -> AuthenticationFailedError {
        logger.info(
            "A credential failed",
            metadata: ["chain": "\(name)", "credential": "\(attempts.last?.credential, default: "-")"])
        return AuthenticationFailedError(
            credential: name, reason: Self.reason, attempts: attempts, response: response)
    }
}

extension ChainedTokenCredential.Link {
    /// A credential that is made of others says which of them it was.
    fileprivate func attempt(
        _ outcome: CredentialAttempt.Outcome, _ reason: String, of inner: String, _ attempts: [CredentialAttempt]
    ) -> CredentialAttempt {
        let nested = attempts.map { " [\($0)]" }.joined()
        return CredentialAttempt(
            credential: name, outcome: outcome, reason: (inner == name ? reason : "\(inner): \(reason)") + nested)
    }
}
