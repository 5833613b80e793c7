/// Where a page comes from, as browsers tell it in `Origin`: scheme, host and port (RFC 6454, section 6.2).
package struct WebOrigin: Hashable, Sendable {
    package let scheme: String
    package let host: String
    /// That of the scheme where the origin names none; nil where the scheme has none of its own.
    package let port: Int?

    /// - Returns: Nil for what is no origin, `null` too.
    package init?(_ text: some StringProtocol) {
        guard let slashes = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<slashes.lowerBound].lowercased()
        guard scheme.utf8.first.map(Self.isLetter) == true, scheme.utf8.allSatisfy(Self.isOfScheme),
            let (host, port) = Self.hostAndPort(text[slashes.upperBound...])
        else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = port ?? Self.port(of: scheme)
    }

    /// Whether a page of this origin is one of the server itself.
    ///
    /// - Parameters:
    ///   - authority: What the request names as its server, with a port where it is not the scheme's own.
    ///   - scheme: How the client reaches the server; nil where that is not known, and any will do.
    package func isOf(_ authority: some StringProtocol, scheme: String?) -> Bool {
        guard let (host, port) = Self.hostAndPort(authority), host == self.host else { return false }
        if let scheme, scheme != self.scheme { return false }
        return (port ?? Self.port(of: self.scheme)) == self.port
    }

    /// In lower case, with the brackets of an IPv6 address.
    private static func hostAndPort(_ text: some StringProtocol) -> (host: String, port: Int?)? {
        let end =
            text.utf8.first == UInt8(ascii: "[")
            ? text.firstIndex(of: "]").map { text.index(after: $0) } : text.firstIndex(of: ":") ?? text.endIndex
        guard let end, end > text.startIndex, text[..<end].utf8.allSatisfy(isOfHost) else { return nil }
        let host = text[..<end].lowercased()
        guard end < text.endIndex else { return (host, nil) }
        let digits = text[end...].dropFirst()
        guard text[end] == ":", digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = UInt16(digits), port > 0
        else { return nil }
        return (host, Int(port))
    }

    private static func port(of scheme: String) -> Int? {
        switch scheme {
        case "http": 80
        case "https": 443
        default: nil
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    private static func isOfScheme(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.".utf8.contains(byte)
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !"/?#@,*\\".utf8.contains(byte)
    }
}
