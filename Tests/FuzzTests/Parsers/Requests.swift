import Foundation
import HTTPTypes
import HubProtocol
import NIOCore

@testable import HubServer
@testable import HubTransports

/// A target comes apart at its bytes, and says the same when it is spelled in another way.
func checkTarget(_ bytes: ByteBuffer) throws(Finding) {
    let text = String(buffer: bytes)
    let target = RequestTarget(text)
    let parts = text.utf8.prefix { $0 != UInt8(ascii: "#") }
        .split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    try require(target.path.utf8.elementsEqual(parts[0]), "the path ends where the query begins")
    let fields = parts.count == 2 ? parts[1].split(separator: UInt8(ascii: "&")) : []
    try require(target.query.count == fields.count, "each field of the query is one")

    let query = target.query.map { "\(escaped($0.name))=\(escaped($0.value))" }.joined(separator: "&")
    let again = RequestTarget("\(target.path)?\(query)").query
    try require(again.elementsEqual(target.query, by: ==), "an escaped query is the same")

    let path = target.path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        .map { escaped(RequestTarget.decode(path: $0)) }.joined(separator: "/")
    for method in [HTTPRequest.Method.get, .post, .put, .delete] {
        try require(route(method, path) == route(method, target.path), "an escaped path is the same route")
    }
}

private func route(
    _ method: HTTPRequest.Method, _ path: some StringProtocol
) -> Result<ManagementRoute, ManagementRoute.Unknown> {
    Result { () throws(ManagementRoute.Unknown) in try ManagementRoute(method, path: path) }
}

private func escaped(_ text: String) -> String {
    text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// Whatever a client writes before it, what the last proxy adds is where its request comes from.
func checkForwarded(_ bytes: ByteBuffer) throws(Finding) {
    let text = String(buffer: bytes)
    for (header, added) in [(TrustedProxies.Header.xForwardedFor, "192.0.2.7"), (.forwarded, "for=192.0.2.7")] {
        guard let name = HTTPField.Name(header.rawValue),
            let proxies = try? TrustedProxies(["127.0.0.1"], header: header)
        else { throw Finding(description: "the proxies are known") }
        var request = HTTPRequest(method: .get, scheme: "http", authority: "hub", path: "/")
        request.headerFields[name] = "\(text), \(added)"
        let client = proxies.client(of: request, peer: "127.0.0.1")
        try require(client == "192.0.2.7", "the last proxy is believed: \(client ?? "nobody")")
    }
}

/// What a backend asks to be sent reaches clients of both encodings, and says the same in both.
func checkManagementBody(_ body: ByteBuffer) throws(Finding) {
    _ = StreamOpeningBody(body: body)?.to?.address
    _ = StreamAppendBody(body: body)
    _ = StreamEndBody(body: body)?.streamFinish
    guard let message = PayloadMessage(body: body), !message.target.isEmpty else { return }
    try requireSame(try invocation(of: message, in: .json), try invocation(of: message, in: .messagePack))
}

private func invocation(of message: PayloadMessage, in encoding: HubEncoding) throws(Finding) -> HubMessage {
    var bytes = ByteBuffer()
    do {
        try encoding.writeInvocation(target: message.target, message.arguments, into: &bytes)
    } catch {
        throw Finding(description: "what is sent can be written: \(error)")
    }
    return try onlyMessage(of: bytes, encoding)
}
