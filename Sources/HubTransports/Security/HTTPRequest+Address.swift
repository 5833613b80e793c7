package import HTTPTypes
package import HubServer

extension TrustedProxies {
    /// Where a request comes from.
    ///
    /// - Parameter peer: Where its connection comes from.
    package func client(of request: HTTPRequest, peer: String?) -> String? {
        guard let peer, !isEmpty else { return peer }
        switch header {
        case .xForwardedFor:
            return client(of: peer, hops: request.headerFields.elements(of: .xForwardedFor))
        case .forwarded:
            return client(of: peer, hops: request.headerFields.elements(of: .forwarded).map(Self.forwardedFor))
        }
    }

    /// How the client of a request reaches this server, `http` or `https`: as its proxies say where they are known, else as
    /// its connection is. Nil where it is not known: whatever lets in a plain connection may have ended TLS.
    ///
    /// - Parameter peer: Where its connection comes from.
    package func scheme(of request: HTTPRequest, peer: String?) -> String? {
        guard let peer, trusts(peer) else { return request.scheme == "https" ? "https" : nil }
        let proto: Substring?
        switch header {
        case .xForwardedFor:
            let protos = request.headerFields.elements(of: .xForwardedProto)
            let count = max(1, believed(from: peer, hops: request.headerFields.elements(of: .xForwardedFor)))
            // Many proxies set this header and add to the other one.
            proto = protos.isEmpty ? nil : protos[max(0, protos.count - count)]
        case .forwarded:
            let elements = request.headerFields.elements(of: .forwarded)
            let count = believed(from: peer, hops: elements.map(Self.forwardedFor))
            proto = elements.suffix(count).first.map { Self.parameter("proto", of: $0) }
        }
        let scheme = proto?.filter { !" \t\"".contains($0) }.lowercased()
        return scheme == "http" || scheme == "https" ? scheme : nil
    }

    /// The `for` of an element; one without is of somebody who says nothing, and ends the search.
    private static func forwardedFor(_ element: Substring) -> Substring { parameter("for", of: element) }

    private static func parameter(_ name: String, of element: Substring) -> Substring {
        for pair in element.split(separator: ";") {
            let pair = pair.drop { $0 == " " || $0 == "\t" }
            if pair.prefix(name.count + 1).lowercased() == name + "=" { return pair.dropFirst(name.count + 1) }
        }
        return ""
    }
}

extension HTTPFields {
    /// The elements of a header that is a list. By bytes: in Unicode a comma may be one character with what a client wrote
    /// before it, and would not be found.
    fileprivate func elements(of name: HTTPField.Name) -> [Substring] {
        self[values: name].flatMap { $0.utf8.split(separator: UInt8(ascii: ",")).map { Substring($0) } }
    }
}

extension HTTPField.Name {
    fileprivate static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
    fileprivate static let xForwardedProto = HTTPField.Name("X-Forwarded-Proto")!
    fileprivate static let forwarded = HTTPField.Name("Forwarded")!
}
