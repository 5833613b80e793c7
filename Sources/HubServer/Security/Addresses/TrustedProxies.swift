/// Whose word is taken on where a request comes from (ASP.NET's `ForwardedHeadersOptions`).
///
/// A proxy in front of this server adds the address that it got a request from to a header. Anybody can write such a
/// header: what it says counts only as far as those who have added to it are known.
public struct TrustedProxies: Sendable {
    /// Where proxies write.
    public enum Header: String, Sendable {
        /// `X-Forwarded-For: CLIENT, PROXY`, which most write.
        case xForwardedFor = "x-forwarded-for"
        /// `Forwarded: for=CLIENT, for=PROXY` (RFC 7239).
        case forwarded = "forwarded"
    }

    private let ranges: [IPAddressRange]
    /// The one header that is read: a proxy leaves the other one as the client wrote it.
    package let header: Header

    /// Nobody: a request comes from where its connection comes from.
    public static let none = TrustedProxies(ranges: [], header: .xForwardedFor)

    private init(ranges: [IPAddressRange], header: Header) {
        self.ranges = ranges
        self.header = header
    }

    /// - Parameters:
    ///   - ranges: The proxies' addresses, such as `10.0.0.0/8`, `2001:db8::/32` or `127.0.0.1`.
    ///   - header: Where they write.
    /// - Throws: ``InvalidRange`` for the first that is no range of addresses.
    public init(_ ranges: some Sequence<String>, header: Header = .xForwardedFor) throws(InvalidRange) {
        var parsed: [IPAddressRange] = []
        for text in ranges {
            guard let range = IPAddressRange(text) else { throw InvalidRange(text: text) }
            parsed.append(range)
        }
        self.init(ranges: parsed, header: header)
    }

    /// What is no range of addresses.
    public struct InvalidRange: Error, Hashable, CustomStringConvertible {
        let text: String

        public var description: String { "\(text) is no address and no range of addresses such as 10.0.0.0/8" }
    }

    package var isEmpty: Bool { ranges.isEmpty }

    /// Where a request comes from: the last address, as they were added, that is of no known proxy.
    ///
    /// - Parameters:
    ///   - peer: Where its connection comes from.
    ///   - hops: The header's addresses, the latest one last. What is no address ends the search.
    package func client(of peer: String, hops: some BidirectionalCollection<Substring>) -> String {
        var client = peer
        for hop in hops.reversed() {
            guard trusts(client), let address = Self.address(hop) else { break }
            client = address
        }
        return client
    }

    /// How many of a header's elements are to be believed, counted from the latest one: those of proxies that are known.
    package func believed(from peer: String, hops: some BidirectionalCollection<Substring>) -> Int {
        var (count, client) = (0, peer)
        for hop in hops.reversed() where trusts(client) {
            count += 1
            client = Self.address(hop) ?? ""
        }
        return count
    }

    package func trusts(_ text: String) -> Bool {
        guard let address = IPAddress(text) else { return false }
        return ranges.contains { $0.contains(address) }
    }

    /// Without the port and what is around it: `192.0.2.1:4711`, `"[2001:db8::1]:4711"`.
    private static func address(_ hop: Substring) -> String? {
        var text = hop.drop { $0 == " " || $0 == "\t" || $0 == "\"" }
        while let last = text.last, last == " " || last == "\t" || last == "\"" { text.removeLast() }
        if text.first == "[" {
            text = text.dropFirst().prefix { $0 != "]" }
        } else if text.count(where: { $0 == ":" }) == 1 {
            text = text.prefix { $0 != ":" }
        }
        let address = String(text)
        return IPAddress(address) == nil ? nil : address
    }
}
