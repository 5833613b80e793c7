import Crypto
package import HTTPTypes

/// The key of those who may manage a node.
package struct ManagementKey: Sendable {
    private let digest: SHA256.Digest

    package init(_ key: String) { digest = SHA256.hash(data: Array(key.utf8)) }

    /// Whether a request shows the key, as `Authorization: Bearer KEY` or `api-key: KEY`.
    ///
    /// Digests are compared, which swift-crypto does in constant time: how long it takes must not tell how much of a guess
    /// is right.
    package func admits(_ request: HTTPRequest) -> Bool {
        let shown = request.headerFields[.apiKey].map { Substring($0) } ?? request.headerBearerToken
        guard let shown else { return false }
        return digest == SHA256.hash(data: Array(shown.utf8))
    }
}

extension HTTPField.Name {
    fileprivate static let apiKey = HTTPField.Name("api-key")!
}
