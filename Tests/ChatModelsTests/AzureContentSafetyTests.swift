import Foundation
import Logging
import Synchronization
import Testing

@testable import ChatModels

@Suite(.timeLimit(.minutes(1))) struct AzureContentSafetyTests {
    private typealias Filter = AzureContentSafetyFilter

    private static func answer(_ severities: [String: Int] = [:], blocklists: Int = 0) -> FakeModelServer.Step {
        let all = ["Hate": 0, "SelfHarm": 0, "Sexual": 0, "Violence": 0].merging(severities) { $1 }
        let categories = all.map { #"{"category":"\#($0)","severity":\#($1)}"# }.joined(separator: ",")
        let match = #"{"blocklistName":"l","blocklistItemId":"i","blocklistItemText":"t"}"#
        let matches = Array(repeating: match, count: blocklists).joined(separator: ",")
        return .response("200 OK", #"{"blocklistsMatch":[\#(matches)],"categoriesAnalysis":[\#(categories)]}"#)
    }

    private func violation(
        of text: String, at server: FakeModelServer, _ change: (inout Filter.Configuration) -> Void = { _ in }
    ) async throws -> ContentViolation? {
        var configuration = Filter.Configuration(
            endpoint: server.baseURL + "/", credential: .key(APIKey("key-1")), timeout: .seconds(5),
            retries: RetryPolicy(baseDelay: .milliseconds(1)))
        change(&configuration)
        let filter = try Filter(
            configuration: configuration, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        do {
            let violation = try await filter.firstViolation(in: ContentExcerpt(source: .prompt, text: text))
            try await filter.shutdown()
            return violation
        } catch {
            try await filter.shutdown()
            throw error
        }
    }

    private func body(_ request: FakeModelServer.Request?) throws -> [String: any Sendable] {
        let data = Data((request?.body ?? "").utf8)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: any Sendable])
    }

    @Test func theServiceIsAskedAsItWants() async throws {
        try await FakeModelServer.run([Self.answer()]) { server in
            let found = try await violation(of: "Hi 😀", at: server)
            #expect(found == nil)
            let request = try #require(server.requests.first)
            #expect(request.line == "POST /contentsafety/text:analyze?api-version=2024-09-01 HTTP/1.1")
            #expect(request.header("ocp-apim-subscription-key") == "key-1" && request.header("authorization") == nil)
            let body = try body(request)
            #expect(body["text"] as? String == "Hi 😀" && body["outputType"] as? String == "FourSeverityLevels")
            #expect(body["categories"] as? [String] == ["Hate", "SelfHarm", "Sexual", "Violence"])
            #expect(body["blocklistNames"] == nil)
        }
    }

    @Test(
        arguments: [
            (["Violence": 4], "violence"), (["Violence": 2], nil), (["Hate": 2], "hate"), (["Sexual": 6], nil),
            (["SelfHarm": 4], nil), (["SelfHarm": 6, "Violence": 4], "self_harm"),
        ] as [([String: Int], String?)])
    func eachCategoryHasItsThreshold(severities: [String: Int], category: String?) async throws {
        try await FakeModelServer.run([Self.answer(severities)]) { server in
            let violation = try await violation(of: "x", at: server) {
                $0.thresholds = [.hate: .low, .selfHarm: .high, .violence: .medium]
            }
            #expect(violation == category.map { ContentViolation(category: $0, start: 0) })
            let body = try body(server.requests.first)
            #expect(body["categories"] as? [String] == ["Hate", "SelfHarm", "Violence"])
        }
    }

    @Test func aMatchOfABlocklistIsBlocked() async throws {
        try await FakeModelServer.run([Self.answer(blocklists: 1)]) { server in
            let violation = try await violation(of: "x", at: server) {
                $0.blocklists = ["one", "two"]
                $0.thresholds = [:]
            }
            #expect(violation?.category == "custom_blocklists")
            let body = try body(server.requests.first)
            #expect(body["blocklistNames"] as? [String] == ["one", "two"])
            #expect(body["haltOnBlocklistHit"] as? Bool == true)
        }
    }

    @Test func aLongTextIsLookedAtInPiecesThatOverlap() async throws {
        let text = String(repeating: "😀 word ", count: 3000)
        try await FakeModelServer.run([Self.answer()], [Self.answer()], [Self.answer(["Hate": 6])]) { server in
            let violation = try #require(try await violation(of: text, at: server))
            let pieces = try server.requests.map { try #require(try body($0)["text"] as? String) }
            #expect(pieces.count == 3 && pieces.allSatisfy { $0.unicodeScalars.count <= 10_000 })
            let rest = String(decoding: text.utf8.dropFirst(violation.start), as: UTF8.self)
            #expect(rest == pieces[2])
            #expect(text.hasPrefix(pieces[0]))
            #expect(pieces[0].unicodeScalars.suffix(200).elementsEqual(pieces[1].unicodeScalars.prefix(200)))
        }
    }

    @Test func whatIsRefusedForAWhileIsAskedAgain() async throws {
        let failures: [[FakeModelServer.Step]] = [
            [.failure("429 Too Many", headers: ["retry-after-ms: 20"])],
            [.failure("503 Unavailable", headers: ["connection: close"]), .close],
        ]
        try await FakeModelServer.run(failures[0], failures[1], [Self.answer(["Hate": 4])]) { server in
            let found = try await violation(of: "x", at: server)
            #expect(found?.category == "hate")
            #expect(server.requests.count == 3)
        }
        try await FakeModelServer.run([.reset], [Self.answer()]) { server in
            let found = try await violation(of: "x", at: server)
            #expect(found == nil)
        }
    }

    @Test(
        arguments: [
            (
                [FakeModelServer.Step.failure("400 Bad", code: "InvalidRequestBody")],
                "the service answered 400 (InvalidRequestBody)", 1
            ),
            ([.failure("401 No", code: "not a word")], "the service answered 401", 1),
            ([.failure("503 Unavailable", headers: ["connection: close"]), .close], "the service answered 503 (x)", 3),
            ([.failure("429 Too Many", headers: ["retry-after: 86400"])], "the service answered 429 (x)", 1),
            ([.response("302 Found", headers: ["location: http://127.0.0.1:1/"], "")], "the service answered 302", 1),
            ([.response("200 OK", "{}")], "the service answered something that is no analysis", 1),
            (
                [.response("200 OK", #"{"categoriesAnalysis":[{"category":"Hate","severity":0}]}"#)],
                "the service answered something that is no analysis", 1
            ),
            (
                [.response("200 OK", type: "text/html", "<html>")],
                "the service answered something that is no analysis", 1
            ),
            (
                [.response("200 OK", String(repeating: " ", count: 70_000))],
                "the service answered something that is no analysis", 1
            ),
        ] as [([FakeModelServer.Step], String, Int)])
    func failuresTellNoTextOfTheServers(script: [FakeModelServer.Step], told: String, requests: Int) async throws {
        try await FakeModelServer.run(script) { server in
            let error = await #expect(throws: ContentSafetyError.self) { _ = try await violation(of: "x", at: server) }
            #expect(error?.description == told)
            #expect(server.requests.count == requests)
        }
    }

    @Test func aServiceThatIsSilentOrAwayIsTold() async throws {
        try await FakeModelServer.run([.hold]) { server in
            let error = await #expect(throws: ContentSafetyError.self) {
                _ = try await violation(of: "x", at: server) {
                    $0.timeout = .milliseconds(100)
                    $0.retries.retries = 0
                }
            }
            #expect(error == .timeout)
            let away = await #expect(throws: ContentSafetyError.self) {
                _ = try await violation(of: "x", at: server) { $0.endpoint = "http://127.0.0.1:1" }
            }
            #expect(away == .unreachable)
        }
    }

    @Test func aTokenThatIsRefusedIsReplacedOnce() async throws {
        let asked = Mutex<[String?]>([])
        let tokens: @Sendable (APIKey?) async throws -> APIKey = { refused in
            asked.withLock { asked in
                asked.append(refused?.value)
                return APIKey("token-\(asked.count)")
            }
        }
        try await FakeModelServer.run([.failure("401 No")], [Self.answer()], [.failure("401 No")]) { server in
            let found = try await violation(of: "x", at: server) { $0.credential = .token(tokens) }
            #expect(found == nil)
            #expect(server.requests.map { $0.header("authorization") } == ["Bearer token-1", "Bearer token-2"])
            await #expect(throws: ContentSafetyError.self) {
                _ = try await violation(of: "x", at: server) { $0.credential = .token(tokens) }
            }
            #expect(asked.withLock { $0 } == [nil, "token-1", nil, "token-3"])
            #expect(server.requests.count == 4)
        }
    }

    @Test func whatCannotBeAskedIsRefused() {
        func part(_ configuration: Filter.Configuration) -> Filter.ConfigurationError.Part? {
            do {
                _ = try Filter(configuration: configuration, logger: Logger(label: "test"))
                return nil
            } catch {
                return error.part
            }
        }
        #expect(part(.init(endpoint: "ftp://x")) == .endpoint)
        #expect(part(.init(endpoint: "https://user@x")) == .endpoint)
        #expect(part(.init(endpoint: "https://x", credential: .key(APIKey("a b")))) == .key)
        #expect(part(.init(endpoint: "https://x", thresholds: [:])) == .thresholds)
    }
}
