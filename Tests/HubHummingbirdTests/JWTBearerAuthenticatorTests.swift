import Crypto
import Foundation
import HTTPTypes
import HubServer
import Hummingbird
import InMemoryLogging
import Logging
import NIOCore
import Synchronization
import Testing

@testable import HubTransports

@Suite(.timeLimit(.minutes(1))) struct JWTBearerAuthenticatorTests {
    private func authenticator(
        _ keys: [JWTBearerOptions.SigningKey], keySetURL: String? = nil,
        _ change: (inout JWTBearerOptions) -> Void = { _ in }
    ) throws -> JWTBearerAuthenticator {
        var options = JWTBearerOptions(signingKeys: keys, keySetURL: keySetURL)
        change(&options)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try JWTBearerAuthenticator(options, logger: logger)
    }

    /// The subject of a token that is believed, else how it was refused.
    private func subject(_ token: String, by authenticator: JWTBearerAuthenticator) async -> String {
        var request = HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/chat")
        request.headerFields[.authorization] = "Bearer \(token)"
        return switch await authenticator.authenticate(request) {
        case .succeeded(let user, _): user.first("sub") ?? ""
        case .failed: "failed"
        case .unavailable: "unavailable"
        case .none: "none"
        }
    }

    @Test func tokensOfEachAlgorithmAreBelieved() async throws {
        let rsa = try TokenIssuer.rs256()
        let issuers: [(TokenIssuer, JWTBearerOptions.SigningKey)] = [
            (.hs256(), .secret(TokenIssuer.secret)), (rsa, .publicKey(pem: rsa.publicKey)),
        ]
        let p256 = TokenIssuer.es256()
        for (issuer, key) in issuers + [(p256, .publicKey(pem: p256.publicKey))] {
            let token = try await issuer.token()
            #expect(try await subject(token, by: authenticator([key])) == "ada")
            let parts = token.split(separator: ".")
            let altered =
                "\(parts[0]).\(try await issuer.token { $0.sub = "eve" }.split(separator: ".")[1]).\(parts[2])"
            #expect(try await subject(altered, by: authenticator([key])) == "failed")
            #expect(try await subject("\(parts[0]).\(parts[1]).", by: authenticator([key])) == "failed")
        }
        // One file may have several keys.
        let both = try authenticator([.publicKey(pem: rsa.publicKey + "\n" + p256.publicKey)])
        #expect(try await subject(rsa.token(), by: both) == "ada")
        #expect(try await subject(p256.token(), by: both) == "ada")
        #expect(try await subject(TokenIssuer.es256().token(), by: both) == "failed")
    }

    @Test func theAlgorithmIsTheKeysAndNotTheTokens() async throws {
        let rsa = try TokenIssuer.rs256()
        // A public key is no secret: a token signed with its text must not pass.
        let forged = try await TokenIssuer(key: .secret(Array(rsa.publicKey.utf8))).token()
        let authenticator = try authenticator([.publicKey(pem: rsa.publicKey)])
        #expect(await subject(forged, by: authenticator) == "failed")
        let payload = try await rsa.token().split(separator: ".")[1]
        let none = Data("{\"alg\":\"none\"}".utf8).base64EncodedString().replacing("=", with: "")
        #expect(await subject("\(none).\(payload).", by: authenticator) == "failed")
    }

    @Test func claimsAreHeldAgainstTheRules() async throws {
        let authenticator = try authenticator([.secret(TokenIssuer.secret)]) {
            $0.validIssuers = ["https://login.example"]
            $0.validAudiences = ["chat"]
        }
        let issuer = TokenIssuer.hs256()
        #expect(try await subject(issuer.token(), by: authenticator) == "failed")
        let good = try await issuer.token {
            $0.iss = "https://login.example"
            $0.aud = ["chat"]
        }
        #expect(await subject(good, by: authenticator) == "ada")
    }

    @Test func optionsThatCannotBeUsedAreRefused() throws {
        func part(_ options: JWTBearerOptions) -> JWTBearerOptionsError.Part? {
            do {
                _ = try JWTBearerAuthenticator(options, logger: Logger(label: "test"))
                return nil
            } catch {
                return error.part
            }
        }
        #expect(part(JWTBearerOptions()) == .keys)
        #expect(part(JWTBearerOptions(signingKeys: [.secret(Array("short".utf8))])) == .secret)
        #expect(part(JWTBearerOptions(signingKeys: [.publicKey(pem: "no key")])) == .publicKey)
        let p384 = P384.Signing.PrivateKey().publicKey.pemRepresentation
        #expect(part(JWTBearerOptions(signingKeys: [.publicKey(pem: p384)])) == .publicKey)
        #expect(part(JWTBearerOptions(keySetURL: "http://keys.example/keys")) == .keySetURL)
        #expect(part(JWTBearerOptions(keySetURL: "nonsense")) == .keySetURL)
        #expect(part(JWTBearerOptions(keySetURL: "http://127.0.0.1:1/keys")) == nil)
        #expect(part(.entraID(tenantID: "common", clientID: "app")) == nil)
    }

    // MARK: Published keys

    private func withPublished(_ body: @Sendable (PublishedKeys, String) async throws -> Void) async throws {
        let keys = PublishedKeys()
        let router = Router()
        router.get("keys") { _, _ throws in
            guard let json = keys.read() else { throw HTTPError(.internalServerError) }
            return json
        }
        try await withNode(hubs: [:], router: router) { node async throws in
            try await body(keys, node.url("/keys"))
        }
    }

    @Test func publishedKeysAreReadOnceAndAgainForAKeyThatIsNew() async throws {
        try await withPublished { keys, url async throws in
            let (first, second) = (TokenIssuer.es256(kid: "1"), try TokenIssuer.rs256(kid: "2"))
            let authenticator = try authenticator([], keySetURL: url) { $0.keySetMinimumRefreshInterval = .zero }
            keys.publish(try first.published())
            for _ in 0..<3 { #expect(try await subject(first.token(), by: authenticator) == "ada") }
            #expect(keys.reads == 1)
            keys.publish(try first.published(), try second.published())
            #expect(try await subject(second.token(), by: authenticator) == "ada")
            #expect(keys.reads == 2)
            // A key that is gone is believed no longer once the set was read again.
            keys.publish(try second.published())
            #expect(try await subject(TokenIssuer.es256(kid: "3").token(), by: authenticator) == "failed")
            #expect(try await subject(first.token(), by: authenticator) == "failed")
        }
    }

    @Test func keysThatNobodyHasAreNotAskedForAgainAndAgain() async throws {
        try await withPublished { keys, url async throws in
            let issuer = TokenIssuer.es256(kid: "1")
            keys.publish(try issuer.published())
            let authenticator = try authenticator([], keySetURL: url)
            #expect(try await subject(issuer.token(), by: authenticator) == "ada")
            for number in 0..<20 {
                #expect(try await subject(TokenIssuer.es256(kid: "x\(number)").token(), by: authenticator) == "failed")
            }
            #expect(keys.reads == 1)
        }
    }

    @Test func manyWhoNeedTheKeysWaitForOneReading() async throws {
        try await withPublished { keys, url async throws in
            let issuer = TokenIssuer.es256(kid: "1")
            keys.publish(try issuer.published())
            let authenticator = try authenticator([], keySetURL: url)
            let token = try await issuer.token()
            let subjects = await withTaskGroup { group in
                for _ in 0..<20 { group.addTask { await subject(token, by: authenticator) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(subjects == Array(repeating: "ada", count: 20))
            #expect(keys.reads == 1)
        }
    }

    @Test func withoutThePublisherItCannotBeTold() async throws {
        try await withPublished { keys, url async throws in
            let issuer = TokenIssuer.es256(kid: "1")
            keys.publish(try issuer.published())
            keys.goAway()
            let authenticator = try authenticator([], keySetURL: url) { $0.keySetMinimumRefreshInterval = .zero }
            #expect(try await subject(issuer.token(), by: authenticator) == "unavailable")
            keys.goAway(false)
            #expect(try await subject(issuer.token(), by: authenticator) == "ada")
            keys.goAway()
            #expect(try await subject(issuer.token(), by: authenticator) == "ada", "what was read is kept")
        }
    }

    @Test(arguments: [HTTPResponse.Status.movedPermanently, .found, .temporaryRedirect, .permanentRedirect])
    func redirectsAreNotFollowedAndWhatWasReadIsKept(status: HTTPResponse.Status) async throws {
        let (keys, elsewhere) = (PublishedKeys(), PublishedKeys())
        let isMoved = Atomic(false)
        let router = Router()
        router.get("keys") { _, _ in
            isMoved.load(ordering: .relaxed)
                ? Response(status: status, headers: [.location: "/elsewhere"])
                : Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: keys.read() ?? "")))
        }
        router.get("elsewhere") { _, _ in elsewhere.read() ?? "" }
        let (issuer, forger) = (TokenIssuer.es256(kid: "1"), TokenIssuer.es256(kid: "2"))
        keys.publish(try issuer.published())
        elsewhere.publish(try forger.published())
        try await withNode(hubs: [:], router: router) { node async throws in
            let log = InMemoryLogHandler()
            var options = JWTBearerOptions(keySetURL: node.url("/keys"))
            options.keySetMinimumRefreshInterval = .zero
            let authenticator = try JWTBearerAuthenticator(options, logger: Logger(label: "test") { _ in log })
            #expect(try await subject(issuer.token(), by: authenticator) == "ada")
            isMoved.store(true, ordering: .relaxed)
            #expect(try await subject(forger.token(), by: authenticator) == "failed")
            #expect(try await subject(issuer.token(), by: authenticator) == "ada", "what was read is kept")
            #expect(elsewhere.reads == 0)
            let error = try #require(log.entries.first { $0.level == .error })
            #expect("\(error.message)".contains("redirects"))
            #expect(error.metadata["status"] == "\(status.code)")
        }
    }

    @Test(arguments: ["large", "slow"]) func aPublisherThatDoesNotEndIsGivenUp(path: String) async throws {
        let router = Router()
        router.get("large") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    for _ in 0..<64 { try await writer.write(ByteBuffer(repeating: UInt8(ascii: " "), count: 32768)) }
                    try await writer.write(ByteBuffer(string: "{\"keys\":[]}"))
                    try await writer.finish(nil)
                })
        }
        router.get("slow") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    while true {
                        try await writer.write(ByteBuffer(string: " "))
                        try await Task.sleep(for: .milliseconds(20))
                    }
                })
        }
        let log = InMemoryLogHandler()
        try await withNode(hubs: [:], router: router) { node async throws in
            let cache = JWTKeySetCache(
                url: node.url("/\(path)"), options: JWTBearerOptions(), logger: Logger(label: "test") { _ in log },
                timeout: path == "slow" ? .milliseconds(200) : .seconds(30))
            let header = try #require(TokenHeader(of: try await TokenIssuer.es256(kid: "1").token()[...]))
            #expect(await cache.keys(for: header) == nil)
            #expect(log.entries.contains { $0.level == .error })
        }
    }

    @Test func aKeyOfOneTenantDoesNotSignForAnother() async throws {
        try await withPublished { keys, url async throws in
            let issuer = try TokenIssuer.rs256(kid: "1")
            keys.publish(try issuer.published(issuer: "https://login.example/one"))
            let authenticator = try authenticator([], keySetURL: url)
            #expect(
                try await subject(issuer.token { $0.iss = "https://login.example/one" }, by: authenticator) == "ada")
            #expect(
                try await subject(issuer.token { $0.iss = "https://login.example/two" }, by: authenticator) == "failed")
        }
    }
}
