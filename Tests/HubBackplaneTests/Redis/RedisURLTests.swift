import Testing

@testable import HubBackplaneRedis

@Suite struct RedisURLTests {
    @Test func aFullURLIsTakenApart() async throws {
        let configuration = try RedisConfiguration(url: "redis://al%40ice:p%3Aa%2Fss%20w%C3%B6rd@redis.example:6380/7")
        #expect(configuration.host == "redis.example")
        #expect(configuration.port == 6380)
        let credentials = try await configuration.credentials.read(nil)
        #expect(credentials == RedisCredentials(username: "al@ice", password: "p:a/ss wörd"))
        #expect(configuration.database == 7)
    }

    @Test func whatIsMissingHasADefault() async throws {
        let configuration = try RedisConfiguration(url: "redis://localhost")
        #expect(configuration.host == "localhost")
        #expect(configuration.port == 6379)
        #expect(try await configuration.credentials.read(nil) == nil)
        #expect(configuration.database == 0)
    }

    @Test func aPasswordNeedsNoUser() async throws {
        let configuration = try RedisConfiguration(url: "redis://:secret@[::1]:7000/")
        #expect(configuration.host == "::1")
        #expect(configuration.port == 7000)
        #expect(try await configuration.credentials.read(nil) == RedisCredentials(password: "secret"))
    }

    @Test func anotherSchemeIsForTLS() throws {
        let configuration = try RedisConfiguration(url: "rediss://:secret@redis.example:6380")
        #expect(configuration.tls != nil)
        #expect("\(configuration)" == "rediss://redis.example:6380/0")
        #expect(try RedisConfiguration(url: "redis://localhost").tls == nil)
    }

    @Test(arguments: [
        ("http://localhost", "must begin with redis:// or rediss://"),
        ("localhost:6379", "must begin with redis:// or rediss://"),
        ("redis://", "names no host"),
        ("redis://:6379", "names no host"),
        ("redis://h:0", "has a port outside of 1 to 65535"),
        ("redis://h:70000", "has a port outside of 1 to 65535"),
        ("redis://h/one", "must end with /NUMBER, the database, or with nothing"),
        ("redis://h/-1", "must end with /NUMBER, the database, or with nothing"),
        ("redis://h/1/2", "must end with /NUMBER, the database, or with nothing"),
        ("redis://h?db=1", "must not have a query or a fragment"),
        ("redis://user@h", "has a user without a password (redis://:PASSWORD@HOST for a password alone)"),
        (
            "redis://:pass word@h:x",
            "is not a URL (special characters of a password must be percent-encoded)"
        ),
    ])
    func aBadURLIsRefusedWithItsReason(url: String, reason: String) {
        let error = #expect(throws: RedisAddressError.self) { try RedisConfiguration(url: url) }
        #expect(error?.description == "the Redis URL \(reason)")
    }

    @Test func thePasswordIsNeverPrinted() async throws {
        let configuration = try RedisConfiguration(url: "redis://alice:sesame@localhost/3")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("sesame"))
            #expect(text.contains("redis://localhost:6379/3"))
        }
        let credentials = try #require(try await configuration.credentials.read(nil))
        dump(credentials, to: &dumped)
        #expect(!"\(credentials) \(String(reflecting: credentials)) \(dumped)".contains("sesame"))
        let error = #expect(throws: RedisAddressError.self) { try RedisConfiguration(url: "redis://:sesame@h/x") }
        #expect(error.map { !"\($0)".contains("sesame") } == true)
    }
}
