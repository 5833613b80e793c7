import AzureIdentity
import AzureKeyVault
import Foundation
import HubBackplaneRedis
import Logging
import Synchronization

extension RedisConfiguration {
    /// The same, with credentials that may change.
    func with(
        _ authentication: RedisAuthentication, access: AzureAccess, vault: VaultSecrets, logger: Logger
    ) throws -> RedisConfiguration {
        var redis = self
        if authentication.usesEntra {
            redis.credentials = .entra(try access.credential(for: "redis-auth entra"), user: authentication.user)
        } else if let secret = vault["redis-password"] {
            redis.credentials = .vault(secret, authentication)
        } else if let secret = vault["backplane"] {
            redis.credentials = .vaultURL(secret, now: redis, logger: logger)
        }
        return redis
    }
}

extension RedisCredentialsSource {
    /// The scope of tokens for Azure Cache for Redis and Azure Managed Redis, in all clouds.
    private static let scope = "https://redis.azure.com/.default"

    /// Tokens of Entra ID as passwords. The credential has new ones some minutes before they end, each node at another time.
    ///
    /// - Parameter user: The identity's object id; nil takes the token's.
    static func entra(_ credential: DefaultAzureCredential, user: String?) -> RedisCredentialsSource {
        .changing { _ in
            let token = try await credential.getToken(scope).token
            guard let user = user ?? objectID(ofToken: token) else {
                throw UsageError("redis-user must be given: the token for Redis tells no object id")
            }
            return RedisCredentials(username: user, password: token)
        }
    }

    /// A password of a vault.
    static func vault(_ secret: PolledSecret, _ authentication: RedisAuthentication) -> RedisCredentialsSource {
        .changing { refused in authentication.credentials(password: try await secret.value(refused: refused?.password))
        }
    }

    /// A URL or connection string of a vault. What a new one says of the server counts from the node's next start on.
    ///
    /// - Parameter now: The configuration that the URL has led to.
    static func vaultURL(_ secret: PolledSecret, now: RedisConfiguration, logger: Logger) -> RedisCredentialsSource {
        let rejected = Mutex<String?>(nil)
        return .changing { refused in
            var text = try await secret.value()
            if let refused, let shown = try? await RedisConfiguration(address: text).currentCredentials,
                shown == refused
            {
                text = try await secret.value(refused: text)
            }
            if let new = try? RedisConfiguration(address: text), new.description == now.description {
                return try await new.currentCredentials
            }
            let isNew = rejected.withLock { rejected in
                defer { rejected = text }
                return rejected != text
            }
            if isNew { logger.warning("The vault's address of Redis is none, or of another server: restart to use it") }
            return try await now.currentCredentials
        }
    }

    /// The `oid` of a JSON Web Token, which is not checked: it is shown to who issued it.
    private static func objectID(ofToken token: String) -> String? {
        struct Claims: Decodable { let oid: String }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        let standard = String(parts[1]).replacing("-", with: "+").replacing("_", with: "/")
        let padded = standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        return Data(base64Encoded: padded).flatMap { try? JSONDecoder().decode(Claims.self, from: $0).oid }
    }
}
