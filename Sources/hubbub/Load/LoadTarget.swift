import Foundation
import NIOCore

/// A hub's endpoint.
struct LoadTarget: Sendable, Hashable {
    let address: SocketAddress
    /// Whether it is reached with TLS.
    let isSecure: Bool
    /// What its certificate is for, where that is no address.
    let serverName: String?
    /// Of the Host header.
    let authority: String
    let path: String

    /// Reads `http://HOST[:PORT][/PATH]`, or `https://`, and looks the host up.
    init(url: String) throws {
        guard let parts = URLComponents(string: url), ["http", "ws", "https", "wss"].contains(parts.scheme),
            let host = parts.host, !host.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil
        else { throw UsageError("url must be http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]") }
        isSecure = ["https", "wss"].contains(parts.scheme)
        let port = parts.port ?? (isSecure ? 443 : 80)
        let name = host.trimmingCharacters(in: ["[", "]"])
        serverName = (try? SocketAddress(ipAddress: name, port: port)) == nil ? name : nil
        do {
            address = try .makeAddressResolvingHost(name, port: port)
        } catch {
            throw UsageError("url: \(host) cannot be resolved")
        }
        authority = "\(host):\(port)"
        path = ["", "/"].contains(parts.path) ? "/chat" : parts.path
    }
}
