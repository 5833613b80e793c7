import AzureIdentity
import AzureKeyVault
import ChatModels
import Foundation
import Synchronization

extension ChatModelCredential {
    /// Tokens of Microsoft Entra ID for an endpoint of Azure's AI services, from whatever the machine has:
    /// DefaultAzureCredential.
    ///
    /// - Parameters:
    ///   - option: Where the endpoint is from.
    ///   - keyOption: What would make tokens unnecessary.
    static func entra(
        forEndpoint endpoint: String, option: String, keyOption: String, access: AzureAccess
    ) throws -> ChatModelCredential {
        let url = URL(string: endpoint)
        let host = url?.host() ?? ""
        // A token opens more than this one deployment, and to anybody who reads it.
        guard url?.scheme?.lowercased() == "https" || ["127.0.0.1", "::1", "localhost"].contains(host) else {
            throw UsageError("\(option): must be https where there is no \(keyOption)")
        }
        let credential = try access.credential(for: "\(keyOption) is not given")
        let scope = Self.scope(ofHost: host)
        let last = Mutex<AccessToken?>(nil)
        return .token { refused in
            var context = TokenRequestContext(scopes: [scope])
            // Where another request has another one already, that is in the cache.
            context.refusedToken = last.withLock { $0 }.flatMap { APIKey($0.token) == refused ? $0 : nil }
            let token = try await credential.getToken(context)
            last.withLock { $0 = token }
            return APIKey(token.token)
        }
    }

    /// A key of a vault.
    static func vault(_ secret: PolledSecret) -> ChatModelCredential {
        .changingKey { refused in
            let value = try await secret.value()
            return APIKey(APIKey(value) == refused ? try await secret.value(refused: value) : value)
        }
    }

    /// Sovereign clouds have an audience of their own.
    private static func scope(ofHost host: String) -> String {
        let cloud = [".azure.us": "azure.us", ".azure.cn": "azure.cn"].first { host.lowercased().hasSuffix($0.key) }
        return "https://cognitiveservices.\(cloud?.value ?? "azure.com")/.default"
    }
}
