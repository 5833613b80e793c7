import AzureIdentity
import ChatModels
import Foundation
import Logging

extension ChatModelCredential {
    /// Tokens of Microsoft Entra ID for an Azure OpenAI endpoint, from whatever the machine has: DefaultAzureCredential.
    static func entra(forEndpoint endpoint: String, logger: Logger) throws -> ChatModelCredential {
        let url = URL(string: endpoint)
        let host = url?.host() ?? ""
        // A token opens more than this one deployment, and to anybody who reads it.
        guard url?.scheme?.lowercased() == "https" || ["127.0.0.1", "::1", "localhost"].contains(host) else {
            throw UsageError("azure-openai-endpoint: must be https where there is no azure-openai-api-key")
        }
        let credential: DefaultAzureCredential
        do {
            credential = try DefaultAzureCredential(options: TokenCredentialOptions(logger: logger))
        } catch {
            throw UsageError("azure-openai-api-key is not given, and \(error)")
        }
        let scope = Self.scope(ofHost: host)
        return .token { _ in APIKey(try await credential.getToken(scope).token) }
    }

    /// Sovereign clouds have an audience of their own.
    private static func scope(ofHost host: String) -> String {
        let cloud = [".azure.us": "azure.us", ".azure.cn": "azure.cn"].first { host.lowercased().hasSuffix($0.key) }
        return "https://cognitiveservices.\(cloud?.value ?? "azure.com")/.default"
    }
}
