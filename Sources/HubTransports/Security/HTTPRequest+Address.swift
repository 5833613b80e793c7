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
            let hops = request.headerFields[values: .xForwardedFor].flatMap { $0.split(separator: ",") }
            return client(of: peer, hops: hops)
        case .forwarded:
            let elements = request.headerFields[values: .forwarded].flatMap { $0.split(separator: ",") }
            return client(of: peer, hops: elements.map(Self.forwardedFor))
        }
    }

    /// The `for` of an element; one without is of somebody who says nothing, and ends the search.
    private static func forwardedFor(_ element: Substring) -> Substring {
        for pair in element.split(separator: ";") {
            let pair = pair.drop { $0 == " " || $0 == "\t" }
            if pair.prefix(4).lowercased() == "for=" { return pair.dropFirst(4) }
        }
        return ""
    }
}

extension HTTPField.Name {
    fileprivate static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
    fileprivate static let forwarded = HTTPField.Name("Forwarded")!
}
