import Testing

@testable import HubServer

@Suite struct TrustedProxiesTests {
    @Test func addressesOfBothVersionsAreRead() throws {
        #expect(IPAddress("192.0.2.1") == IPAddress("::ffff:192.0.2.1"))
        #expect(IPAddress("2001:DB8::1") == IPAddress("2001:db8:0:0:0:0:0:1"))
        #expect(IPAddress("192.0.2.1") != IPAddress("192.0.2.2"))
        for text in ["", "192.0.2", "192.0.2.256", "example.com", "fe80::1%eth0", "unknown", "2001:db8::/32"] {
            #expect(IPAddress(text) == nil)
        }
    }

    @Test func aCustomerHasOneAddressOfVersion4Or64BitsOfVersion6() {
        #expect(IPAddress("2001:db8::1")?.customer == IPAddress("2001:db8::ffff:2")?.customer)
        #expect(IPAddress("2001:db8::1")?.customer != IPAddress("2001:db8:0:1::1")?.customer)
        #expect(IPAddress("192.0.2.1")?.customer != IPAddress("192.0.2.2")?.customer)
    }

    @Test func rangesHoldWhatBeginsWithTheirBits() throws {
        for (range, address, isIn) in [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.1.2.3/8", "10.9.9.9", true),
            ("0.0.0.0/0", "192.0.2.1", true), ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("192.0.2.0/31", "192.0.2.1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::/65", "2001:db8::7fff:0:0:1", true), ("2001:db8::/65", "2001:db8::8000:0:0:1", false),
            ("::ffff:10.0.0.0/104", "10.1.1.1", true),
        ] {
            let range = try #require(IPAddressRange(range))
            #expect(range.contains(try #require(IPAddress(address))) == isIn)
        }
        for text in ["", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "10.0.0.0/", "::/129", "example.com/8"] {
            #expect(IPAddressRange(text) == nil)
        }
    }

    private func client(_ peer: String, _ hops: String...) throws -> String {
        let proxies = try TrustedProxies(["10.0.0.0/8", "::1"])
        return proxies.client(of: peer, hops: hops.map { Substring($0) })
    }

    @Test func whatStrangersSayOfOthersDoesNotCount() throws {
        #expect(try client("192.0.2.1", "203.0.113.9") == "192.0.2.1")
        #expect(try client("10.0.0.1", "203.0.113.9") == "203.0.113.9")
        #expect(
            try client("10.0.0.1", "198.51.100.1", "203.0.113.9") == "203.0.113.9", "the left one is the client's word")
        #expect(try client("10.0.0.1", "203.0.113.9", "10.2.2.2") == "203.0.113.9")
        #expect(try client("::1", " [2001:db8::7]:4711 ") == "2001:db8::7")
        #expect(try client("10.0.0.1", "\"203.0.113.9:80\"") == "203.0.113.9")
        #expect(try client("10.0.0.1", "10.0.0.2", "10.0.0.3") == "10.0.0.2")
    }

    @Test func whatIsNoAddressEndsTheSearch() throws {
        for hop in ["unknown", "_hidden", "", "1.2.3.4.5", "evil\r\n"] {
            #expect(try client("10.0.0.1", "203.0.113.9", hop) == "10.0.0.1")
        }
        #expect(try client("10.0.0.1") == "10.0.0.1")
        #expect(throws: TrustedProxies.InvalidRange.self) { try TrustedProxies(["10.0.0.0/8", "proxy.example"]) }
    }
}
