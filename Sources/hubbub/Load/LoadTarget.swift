import Foundation
import NIOCore

/// A hub's endpoint.
struct LoadTarget: Sendable, Hashable {
    let address: SocketAddress
    /// Of the Host header.
    let authority: String
    let path: String

    /// Reads `http://HOST[:PORT][/PATH]` and looks the host up.
    init(url: String) throws {
        guard let parts = URLComponents(string: url), ["http", "ws"].contains(parts.scheme), let host = parts.host,
            !host.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil
        else { throw UsageError("url must be http://HOST[:PORT][/PATH]") }
        let port = parts.port ?? 80
        do {
            address = try .makeAddressResolvingHost(host.trimmingCharacters(in: ["[", "]"]), port: port)
        } catch {
            throw UsageError("url: \(host) cannot be resolved")
        }
        authority = "\(host):\(port)"
        path = ["", "/"].contains(parts.path) ? "/chat" : parts.path
    }
}
