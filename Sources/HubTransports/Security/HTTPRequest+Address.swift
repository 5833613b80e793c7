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

    /// The `for` of an element; one without is of somebody who says nothing, and ends the search.
    private static func forwardedFor(_ element: Substring) -> Substring {
        for pair in element.split(separator: ";") {
            let pair = pair.drop { $0 == " " || $0 == "\t" }
            if pair.prefix(4).lowercased() == "for=" { return pair.dropFirst(4) }
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
    fileprivate static let forwarded = HTTPField.Name("Forwarded")!
}
