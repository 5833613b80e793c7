import Testing

@testable import HubBackplaneRedis

@Suite struct RedisConnectionStringTests {
    @Test func whatAzurePortalShowsIsTakenApart() async throws {
        let configuration = try RedisConfiguration(
            connectionString: "contoso.redis.cache.windows.net:6380,password=cGFzc3dvcmQ=,ssl=True,abortConnect=False")
        #expect("\(configuration)" == "rediss://contoso.redis.cache.windows.net:6380/0")
        #expect(try await configuration.credentials.read(nil) == RedisCredentials(password: "cGFzc3dvcmQ="))
    }

    @Test func everyOptionThatCountsIsRead() async throws {
        let configuration = try RedisConfiguration(
            connectionString: " localhost , User=hubbub,PASSWORD= p:a/s s ,defaultDatabase=3,connectTimeout=1500,"
                + "syncTimeout=2500, name = node ,allowAdmin=true, ")
        #expect("\(configuration)" == "redis://localhost:6379/3")
        let credentials = RedisCredentials(username: "hubbub", password: "p:a/s s")
        #expect(try await configuration.credentials.read(nil) == credentials)
        #expect(configuration.connectTimeout == .milliseconds(1500))
        #expect(configuration.commandTimeout == .milliseconds(2500))
    }

    @Test func withTLSAnotherPortIsTheDefault() throws {
        #expect(try RedisConfiguration(connectionString: "h,ssl=true").port == 6380)
        #expect(try RedisConfiguration(connectionString: "[::1]:7000").host == "::1")
    }

    @Test func theSchemeTellsWhichOfBothItIs() throws {
        #expect(try RedisConfiguration(address: "redis://h:7000/2").database == 2)
        #expect(try RedisConfiguration(address: "h:7000,password=a://b,defaultDatabase=2").database == 2)
        for neither in ["http://h", "redis", ""] {
            #expect(throws: RedisAddressError.self) { try RedisConfiguration(address: neither) }
        }
    }

    @Test(arguments: [
        ("", "names no host"),
        ("password=sesame", "names no host"),
        ("a,b,password=sesame", "names more than one host"),
        ("h:0", "has a port outside of 1 to 65535"),
        ("h:70000", "has a port outside of 1 to 65535"),
        ("::1:6379", "must begin with HOST or HOST:PORT"),
        ("h:sesame", "must begin with HOST or HOST:PORT"),
        ("sesame@h", "must begin with HOST or HOST:PORT"),
        ("h,user=alice", "has a user without a password"),
        ("h,ssl=sesame", "must have ssl=true or ssl=false"),
        ("h,ssl=true,sslHost=other", "has an sslHost other than its host, which is not supported"),
        ("h,defaultDatabase=-1", "must have a whole number as defaultDatabase"),
        ("h,connectTimeout=0", "must have a whole number as connectTimeout"),
        ("h,serviceName=primary", "has the option serviceName, which is not known here"),
        (":sesame==@h", "has an option, which is not known here"),
        ("h,tunnel=sesame", "has the option tunnel, which is not known here"),
    ])
    func whatCannotBeUsedIsToldWithoutItsValue(text: String, problem: String) {
        let error = #expect(throws: RedisAddressError.self) { try RedisConfiguration(connectionString: text) }
        #expect(error?.description == "the Redis connection string \(problem)")
    }
}
