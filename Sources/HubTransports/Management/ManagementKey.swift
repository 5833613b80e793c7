import Crypto
package import HTTPTypes
package import HubServer

/// The key of those who may manage a node.
package struct ManagementKey: Sendable {
    private let secret: RotatingSecret

    package init(_ secret: RotatingSecret) { self.secret = secret }

    /// Whether a request shows the key, as `Authorization: Bearer KEY` or `api-key: KEY`.
    package func admits(_ request: HTTPRequest) async -> Bool {
        let shown = request.headerFields[.apiKey].map { Substring($0) } ?? request.headerBearerToken
        guard let shown else { return false }
        let digest = SHA256.hash(data: Array(shown.utf8))
        if isKnown(digest) { return true }
        return await secret.refresh() && isKnown(digest)
    }

    /// Digests are compared, which swift-crypto does in constant time: how long it takes must not tell how much of a guess
    /// is right.
    private func isKnown(_ digest: SHA256.Digest) -> Bool {
        secret.accepted.contains { SHA256.hash(data: $0) == digest }
    }
}

extension HTTPField.Name {
    fileprivate static let apiKey = HTTPField.Name("api-key")!
}
