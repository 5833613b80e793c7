/// The credential could not even try: it lacks variables, a file, a tool, an endpoint, or an identity that is assigned to this
/// machine. A chain goes on to the next credential.
public struct CredentialUnavailableError: Error, Hashable, CustomStringConvertible {
    /// The type's name, e.g. `ManagedIdentityCredential`.
    public let credential: String
    /// Why, for the operator. It holds no secret.
    public let reason: String
    /// Of a chain: each credential that was asked, in order.
    public let attempts: [CredentialAttempt]

    /// For credentials of one's own, that chains can hold.
    public init(credential: String, reason: String, attempts: [CredentialAttempt] = []) {
        self.credential = credential
        self.reason = reason
        self.attempts = attempts
    }

    public var description: String { describe(credential, reason, attempts) }
}

/// The credential tried and got no token. A chain stops.
public struct AuthenticationFailedError: Error, Hashable, CustomStringConvertible {
    /// The type's name, e.g. `ClientSecretCredential`.
    public let credential: String
    /// Why, for the operator. It holds no secret.
    public let reason: String
    /// Of a chain: each credential that was asked, in order.
    public let attempts: [CredentialAttempt]
    /// What Entra answered, where it did.
    public let response: EntraErrorResponse?
    /// Whether a chain goes on all the same: what fails on a developer's machine says nothing about the credentials after it.
    var letsChainGoOn = false

    /// For credentials of one's own, that chains can hold.
    public init(
        credential: String, reason: String, attempts: [CredentialAttempt] = [], response: EntraErrorResponse? = nil
    ) {
        self.credential = credential
        self.reason = reason
        self.attempts = attempts
        self.response = response
    }

    /// What a developer's tool failed with.
    init(tool credential: String, reason: String) {
        self.init(credential: credential, reason: reason)
        letsChainGoOn = true
    }

    public var description: String { describe(credential, reason, attempts) }
}

/// A credential of a chain that gave no token.
public struct CredentialAttempt: Sendable, Hashable, CustomStringConvertible {
    /// What became of it.
    public enum Outcome: Sendable, Hashable {
        /// It could not try.
        case unavailable
        /// It tried and was refused.
        case failed
    }

    /// The type's name.
    public let credential: String
    public let outcome: Outcome
    /// As its error gave it.
    public let reason: String

    /// One line of a chain's error.
    public init(credential: String, outcome: Outcome, reason: String) {
        self.credential = credential
        self.outcome = outcome
        self.reason = reason
    }

    public var description: String { "\(credential): \(reason)" }
}

/// A credential cannot be made of what it was given.
public struct CredentialConfigurationError: Error, Hashable, CustomStringConvertible {
    /// The type's name.
    public let credential: String
    /// What is wrong, for the operator. It repeats no secret.
    public let reason: String

    public var description: String { "\(credential): \(reason)" }
}

private func describe(_ credential: String, _ reason: String, _ attempts: [CredentialAttempt]) -> String {
    guard !attempts.isEmpty else { return "\(credential): \(reason)" }
    return "\(credential) \(reason)\nAttempted credentials:\n\t"
        + attempts.map(\.description).joined(separator: "\n\t")
}
