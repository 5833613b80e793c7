import HTTPTypes
import HubServer
import HubTransports
import Testing

@Suite struct AllowedOriginsTests {
    private func request(origin: String?, host: String = "example.com:8080") -> HTTPRequest {
        var request = HTTPRequest(method: .get, scheme: "http", authority: host, path: "/chat")
        request.headerFields[.origin] = origin
        return request
    }

    @Test func aRequestWithoutOriginIsFromNoPage() {
        #expect(AllowedOrigins.sameOrigin.allows(request(origin: nil), scheme: nil))
    }

    @Test func theHostsOwnPagesAreAllowed() {
        #expect(AllowedOrigins.sameOrigin.allows(request(origin: "http://example.com:8080"), scheme: nil))
        #expect(
            AllowedOrigins.sameOrigin.allows(request(origin: "https://EXAMPLE.com", host: "example.com"), scheme: nil))
    }

    @Test(arguments: ["http://evil.com", "http://example.com", "http://example.com:8080.evil.com", "null", ""])
    func otherPagesAreNot(origin: String) throws {
        #expect(!AllowedOrigins.sameOrigin.allows(request(origin: origin), scheme: nil))
        #expect(try !AllowedOrigins.listed(["https://app.example"]).allows(request(origin: origin), scheme: nil))
        #expect(AllowedOrigins.any.allows(request(origin: origin), scheme: nil))
    }

    @Test func listedPagesAreAllowedAndToldSo() throws {
        let origins = try AllowedOrigins.listed(["https://App.example"])
        let request = request(origin: "https://app.example")
        #expect(origins.allows(request, scheme: nil))
        let headers = origins.headers(for: request)
        #expect(headers[.accessControlAllowOrigin] == "https://app.example")
        #expect(headers[.accessControlAllowCredentials] == "true")
        #expect(headers[.vary] == "Origin")
        for other in ["http://example.com:8080", "http://evil.com", nil] {
            #expect(origins.headers(for: self.request(origin: other)) == [.vary: "Origin"], "caches are told")
        }
        #expect(AllowedOrigins.sameOrigin.headers(for: self.request(origin: nil)).isEmpty)
    }

    @Test func aPreflightAllowsTheHeadersThatItAsksFor() throws {
        let origins = try AllowedOrigins.listed(["https://app.example"])
        var request = request(origin: "https://app.example")
        request.headerFields[.accessControlRequestHeaders] = "x-requested-with,x-mine"
        let headers = origins.preflightHeaders(for: request)
        #expect(headers[.accessControlAllowHeaders] == "x-requested-with,x-mine")
        #expect(headers[.accessControlAllowMethods] == "GET, POST, DELETE, OPTIONS")
        request.headerFields[.origin] = "https://evil.example"
        #expect(origins.preflightHeaders(for: request) == [.vary: "Origin"])
    }

    /// RFC 6454: scheme, host and port, all three.
    @Test(
        arguments: [
            ("http://example.com", "example.com", "http", true), ("http://example.com:80", "example.com", "http", true),
            ("http://example.com", "example.com:80", "http", true),
            ("https://example.com", "example.com:443", "https", true),
            ("https://example.com", "example.com", "http", false),
            ("http://example.com", "example.com", "https", false),
            ("https://example.com", "example.com:80", nil, false),
            ("http://example.com:8080", "example.com", "http", false),
            ("https://Example.com", "eXample.com", nil, true), ("http://[::1]:8080", "[::1]:8080", "http", true),
            ("http://[::1]", "[::1]:8080", "http", false), ("http://example.com.", "example.com", "http", false),
            ("capacitor://example.com", "example.com", nil, true),
            ("capacitor://example.com", "example.com", "https", false),
        ] as [(String, String, String?, Bool)])
    func theHostsOwnPagesAreOfItsSchemeHostAndPort(origin: String, host: String, scheme: String?, isAllowed: Bool) {
        #expect(AllowedOrigins.sameOrigin.allows(request(origin: origin, host: host), scheme: scheme) == isAllowed)
    }

    @Test func listedPagesAreOfTheSchemeHostAndPortThatIsListed() throws {
        let origins = try AllowedOrigins.listed(
            ["https://app.example:443", "http://LOCALHOST:3000", "http://[2001:db8::1]", "capacitor://localhost"])
        for origin in [
            "https://app.example", "HTTPS://APP.example", "http://localhost:3000", "http://[2001:DB8::1]:80",
            "capacitor://localhost",
        ] {
            #expect(origins.lists(origin), "\(origin)")
        }
        for origin in [
            "http://app.example", "https://app.example:444", "http://localhost", "https://localhost:3000",
            "http://app.example:443", "https://app.example.evil", "capacitor://localhost:80", "https://app.example/",
        ] {
            #expect(!origins.lists(origin), "\(origin)")
        }
    }

    @Test(arguments: [
        "app.example", "https://", "://app.example", "null", "", "https://app.example/", "https://a b",
        "https://app.example:",
        "https://app.example:0", "https://app.example:65536", "https://app.example:+80", "https://ada@app.example",
        "https://*.example", "https://[::1", "https://[::1]x", "1a://app.example",
        "https://a.example,https://b.example",
    ])
    func whatIsNoOriginCannotBeListed(text: String) {
        let error = #expect(throws: AllowedOrigins.InvalidOrigin.self) {
            try AllowedOrigins.listed(["https://app.example", text])
        }
        #expect(error?.description.hasPrefix("\(text) is no origin such as https://example.com") == true)
    }
}

@Suite struct ForwardedSchemeTests {
    private func scheme(
        in header: TrustedProxies.Header = .xForwardedFor, peer: String? = "10.0.0.1", scheme: String = "http",
        _ fields: KeyValuePairs<String, String>
    ) throws -> String? {
        var request = HTTPRequest(method: .get, scheme: scheme, authority: "h", path: "/chat")
        for (name, value) in fields {
            request.headerFields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        return try TrustedProxies(["10.0.0.0/8"], header: header).scheme(of: request, peer: peer)
    }

    @Test func aKnownProxySaysHowItsClientCame() throws {
        #expect(try scheme(["X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"]) == "https")
        #expect(try scheme(scheme: "https", ["X-Forwarded-Proto": "HTTP"]) == "http")
        #expect(try scheme(in: .forwarded, ["Forwarded": "for=192.0.2.1;proto=https;host=h"]) == "https")
        #expect(try scheme(in: .forwarded, ["Forwarded": "for=192.0.2.1; Proto=\"https\""]) == "https")
    }

    @Test func whatOthersWriteCountsNot() throws {
        #expect(try scheme(peer: "192.0.2.1", ["X-Forwarded-Proto": "https"]) == nil)
        #expect(try scheme(peer: "192.0.2.1", scheme: "https", ["X-Forwarded-Proto": "http"]) == "https")
        #expect(try scheme(peer: nil, ["X-Forwarded-Proto": "https"]) == nil)
        #expect(try scheme(in: .forwarded, ["X-Forwarded-Proto": "https"]) == nil)
        #expect(try scheme(["Forwarded": "for=192.0.2.1;proto=https"]) == nil)
        // The client's own words come before those that the proxy has added.
        #expect(try scheme(["X-Forwarded-For": "1.2.3.4, 192.0.2.1", "X-Forwarded-Proto": "https, http"]) == "http")
        #expect(
            try scheme(in: .forwarded, ["Forwarded": "for=1.2.3.4;proto=https, for=192.0.2.1;proto=http"]) == "http")
    }

    @Test func theFirstOfSeveralKnownProxiesCounts() throws {
        #expect(
            try scheme(["X-Forwarded-For": "192.0.2.1, 10.0.0.2", "X-Forwarded-Proto": "https, http"]) == "https")
        #expect(try scheme(["X-Forwarded-For": "192.0.2.1, 10.0.0.2", "X-Forwarded-Proto": "https"]) == "https")
        #expect(
            try scheme(
                in: .forwarded, ["Forwarded": "for=192.0.2.1;proto=https", "forwarded": "for=10.0.0.2;proto=http"])
                == "https")
    }

    @Test(arguments: ["", "ftp", "https;", "wss", "https http"]) func whatIsNeitherSchemeIsNotKnown(proto: String)
        throws
    {
        #expect(try scheme(["X-Forwarded-Proto": proto]) == nil)
        #expect(try scheme([:]) == nil)
    }
}
