import HubServer
import Testing

@testable import HubTransports

@Suite struct JWTKeySetCacheTests {
    private let start = ContinuousClock.now

    private func header(_ kid: String?) throws -> TokenHeader {
        let kid = kid.map { ",\"kid\":\"\($0)\"" } ?? ""
        return try #require(
            TokenHeader(of: "\(Base64URL.encode(Array("{\"alg\":\"ES256\"\(kid)}".utf8))).e30.c2ln"))
    }

    private func keySet(_ ids: String...) async throws -> JWTKeySet {
        // The point is the generator's (SEC 2, section 2.4.2): any point of the curve is a key.
        let keys = ids.map { id in
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"\(id)\",\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","
                + "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}"
        }
        return try await JWTKeySet(json: .init("{\"keys\":[\(keys.joined(separator: ","))]}".utf8))
    }

    private enum Answer: Equatable { case use(Int), useAndRead(Int), read, unavailable }

    private func ask(
        _ machine: inout JWTKeySetCache.StateMachine, _ kid: String?, at seconds: Double
    ) throws -> Answer {
        switch machine.keys(for: try header(kid), now: start + .seconds(seconds)) {
        case .use(let keys): .use(keys.count)
        case .useAndRead(let keys): .useAndRead(keys.count)
        case .read: .read
        case .unavailable: .unavailable
        }
    }

    @Test func keysAreReadWhenTheyAreFirstNeededAndThenKept() async throws {
        var machine = JWTKeySetCache.StateMachine(JWTBearerOptions())
        #expect(try ask(&machine, "a", at: 0) == .read)
        machine.beganReading(now: start)
        #expect(try ask(&machine, "a", at: 0) == .read, "others wait for the same reading")
        machine.ended(with: try await keySet("a", "b"), now: start)
        #expect(try ask(&machine, "a", at: 1) == .use(1))
        #expect(try ask(&machine, nil, at: 1) == .use(2))
        #expect(try ask(&machine, "a", at: 3600) == .use(1))
    }

    @Test func aKeyThatIsNotThereMakesThemBeReadAgainButNotTooOften() async throws {
        var machine = JWTKeySetCache.StateMachine(JWTBearerOptions())
        machine.beganReading(now: start)
        machine.ended(with: try await keySet("a"), now: start)
        #expect(try ask(&machine, "b", at: 29) == .use(0))
        #expect(try ask(&machine, "b", at: 30) == .read)
        machine.beganReading(now: start + .seconds(30))
        machine.ended(with: try await keySet("a", "b"), now: start + .seconds(31))
        #expect(try ask(&machine, "b", at: 31) == .use(1))
        #expect(try ask(&machine, "c", at: 59) == .use(0))
        #expect(try ask(&machine, "c", at: 61) == .read)
    }

    @Test func oldKeysAreUsedWhileTheyAreReadAgain() async throws {
        var machine = JWTKeySetCache.StateMachine(JWTBearerOptions())
        machine.beganReading(now: start)
        machine.ended(with: try await keySet("a"), now: start)
        #expect(try ask(&machine, "a", at: 12 * 3600) == .useAndRead(1))
        machine.beganReading(now: start + .seconds(12 * 3600))
        #expect(try ask(&machine, "a", at: 12 * 3600 + 1) == .use(1))
        machine.ended(with: nil, now: start + .seconds(12 * 3600 + 2))
        #expect(try ask(&machine, "a", at: 12 * 3600 + 3) == .use(1), "a publisher that is away changes nothing")
        #expect(try ask(&machine, "a", at: 12 * 3600 + 31) == .useAndRead(1))
    }

    @Test func withoutAnyKeysItIsTriedEachSecond() throws {
        var machine = JWTKeySetCache.StateMachine(JWTBearerOptions())
        machine.beganReading(now: start)
        machine.ended(with: nil, now: start)
        #expect(try ask(&machine, "a", at: 0.5) == .unavailable)
        #expect(try ask(&machine, "a", at: 1) == .read)
    }

    @Test func keysOfOtherKindsAreLeftOut() async throws {
        let json = """
            {"keys":[
              {"kty":"oct","k":"c2VjcmV0","kid":"symmetric"},
              {"kty":"AKP","alg":"ML-DSA-65","kid":"later"},
              {"kty":"EC","crv":"P-384","kid":"p384","x":"AA","y":"AA"},
              {"kty":"RSA","use":"enc","kid":"enc","n":"AQAB","e":"AQAB"},
              {"kty":"RSA","alg":"RS512","kid":"rs512","n":"AQAB","e":"AQAB"},
              7, null
            ]}
            """
        #expect(try await JWTKeySet(json: .init(json.utf8)).keys.isEmpty)
        await #expect(throws: (any Error).self) { try await JWTKeySet(json: .init("{}".utf8)) }
        await #expect(throws: (any Error).self) { try await JWTKeySet(json: .init("<html>".utf8)) }
    }
}
