import Glibc
import NIOHTTP1

/// The agent of Azure Arc on a machine outside of Azure. It gives a token to whoever can read a file that only its group can.
struct AzureArcSource: ManagedIdentitySource {
    static let name = "Azure Arc"

    let endpoint: ManagedIdentityEndpoint
    let url: String
    var keyDirectory = ArcKeyFile.directory

    /// Where the agent listens, unless the environment says otherwise.
    static let agentURL = "http://localhost:40342/metadata/identity/oauth2/token"

    static var hasAgent: Bool { access("/opt/azcmagent/bin/himds", F_OK) == 0 }

    func token(resource: String, isChained: Bool) async throws -> AccessToken {
        var request = endpoint.get(
            url, apiVersion: "2020-06-01", resource: resource, headers: [("Metadata", "true")],
            identity: endpoint.identity.query())
        let challenge = try await endpoint.send(request)
        guard challenge.status == 401 else {
            throw ManagedIdentityFailure.unavailable("did not ask for its key (status \(challenge.status)).")
        }
        let key: String
        do {
            key = try ArcKeyFile(challenge: challenge.headers.first(name: "www-authenticate"), directory: keyDirectory)
                .read()
        } catch {
            throw ManagedIdentityFailure.failed(error.reason)
        }
        request.headers.add(name: "Authorization", value: "Basic \(key)")
        return try endpoint.token(in: try await endpoint.send(request), secrets: [key]) { answer in
            // An agent that knows no user-assigned identities answers with the machine's own.
            switch endpoint.identity {
            case .systemAssigned: true
            case .clientID(let id): answer.clientID?.lowercased() == id.lowercased()
            case .objectID(let id): answer.objectID?.lowercased() == id.lowercased()
            case .resourceID(let id): answer.resourceID?.lowercased() == id.lowercased()
            }
        }
    }
}

/// The file that an agent names in its challenge. Anything but a small key file in the agent's own directory is somebody's
/// attempt to have another file read and sent.
struct ArcKeyFile: Hashable {
    struct Failure: Error, Hashable {
        let reason: String
    }

    static let directory = "/var/opt/azcmagent/tokens"
    private static let maximumLength = 4096

    let path: String

    /// - Parameter challenge: `WWW-Authenticate`, which says `Basic realm=PATH`.
    init(challenge: String?, directory: String = Self.directory) throws(Failure) {
        let parts = (challenge ?? "").split(separator: "=", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic realm" else {
            throw Failure(reason: "its challenge names no key file.")
        }
        let path = parts[1].trimmed
        guard path.hasPrefix(directory + "/"), path.hasSuffix(".key"), !path.utf8.contains(0),
            !path.dropFirst(directory.count + 1).contains("/")
        else {
            throw Failure(reason: "its challenge names a file that is none of its keys.")
        }
        self.path = path
    }

    func read() throws(Failure) -> String {
        do {
            let key = try SmallFile(path: path, limit: Self.maximumLength).readText().trimmed
            guard key.isBearerToken else { throw SmallFile.Failure.unreadable }
            return key
        } catch {
            throw Failure(reason: "its key file \(error); who asks has to be in the group himds.")
        }
    }
}
