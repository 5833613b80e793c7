import HubServer
import Synchronization

/// The keys that are there from the start, with those that have come in their places.
final class ConfiguredKeys: Sendable {
    private struct Made {
        /// The values of the secrets that they were made of.
        var secrets: [[UInt8]]
        var keys: Task<[JWTVerificationKey], Never>
    }

    private let signingKeys: [JWTBearerOptions.SigningKey]
    private let secrets: [RotatingSecret]
    private let made: Mutex<Made>

    init(_ signingKeys: [JWTBearerOptions.SigningKey]) throws(JWTBearerOptionsError) {
        self.signingKeys = signingKeys
        secrets = signingKeys.compactMap { if case .rotatingSecret(let secret) = $0 { secret } else { nil } }
        let values = secrets.flatMap(\.accepted)
        made = Mutex(Made(secrets: values, keys: try Self.make(signingKeys)))
    }

    var keys: [JWTVerificationKey] {
        get async {
            let values = secrets.flatMap(\.accepted)
            let keys = made.withLock { made in
                // What cannot be used as a key is not put in the place of one that can.
                if made.secrets != values, let keys = try? Self.make(signingKeys) {
                    made = Made(secrets: values, keys: keys)
                }
                return made.keys
            }
            return await keys.value
        }
    }

    /// Looks for new secrets.
    ///
    /// - Returns: Whether there is one.
    func refresh() async -> Bool {
        var hasChanged = false
        for secret in secrets where await secret.refresh() { hasChanged = true }
        return hasChanged
    }

    private static func make(
        _ signingKeys: [JWTBearerOptions.SigningKey]
    ) throws(JWTBearerOptionsError) -> Task<[JWTVerificationKey], Never> {
        var keys: [JWTVerificationKey.Configured] = []
        for key in signingKeys { keys += try JWTVerificationKey.configured(key) }
        return Task { [keys] in
            var made: [JWTVerificationKey] = []
            for key in keys { made.append(await key.key) }
            return made
        }
    }
}
