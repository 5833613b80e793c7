#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension SignalRTestClient {
    /// What a server answers to a negotiation.
    public struct Negotiation: Decodable, Sendable, Equatable {
        /// A way to connect.
        public struct Transport: Decodable, Sendable, Equatable {
            public let transport: String
            public let transferFormats: [String]
        }

        public let negotiateVersion: Int?
        public let connectionId: String?
        public let connectionToken: String?
        public let availableTransports: [Transport]?
        public let error: String?
        public let useStatefulReconnect: Bool?

        /// What goes into the query as `id`.
        public var id: String? { connectionToken ?? connectionId }
    }

    /// Negotiates. `version` goes into the query as it is.
    public static func negotiate(
        at url: String, version: String? = "1", headers: [(String, String)] = []
    ) async throws -> Negotiation {
        let url = try TestURL(url).appending(
            path: "/negotiate", query: version.map { [("negotiateVersion", $0)] } ?? [])
        let response = try await testRequest("POST", "http://\(url.authority)\(url.target)", headers: headers)
        guard response.status == 200 else { throw ConnectFailed(status: response.status, message: response.body) }
        return try JSONDecoder().decode(Negotiation.self, from: Data(response.body.utf8))
    }
}
