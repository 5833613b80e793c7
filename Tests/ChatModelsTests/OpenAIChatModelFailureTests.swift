import ChatModels
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(1))) struct OpenAIChatModelFailureTests {
    typealias Step = FakeModelServer.Step

    /// What a client is told of a reply that meets these responses, and how many requests were made.
    private func failure(
        _ script: [Step], timeouts: OpenAIChatModel.Configuration.Timeouts = .init(),
        maximumHint: Duration = .seconds(30)
    ) async throws -> (error: ChatModelError, requests: Int) {
        try await FakeModelServer.run(script) { server in
            try await withModel(of: server, timeouts: timeouts, maximumHint: maximumHint) { model in
                (try await model.failure(), server.requests.count)
            }
        }
    }

    @Test(arguments: [
        ("400 Bad", "x", ChatModelError.Code.badRequest, false, 1),
        ("400 Bad", "context_length_exceeded", .contextLength, false, 1),
        ("400 Bad", "content_filter", .contentFilter, false, 1),
        ("401 No", "invalid_api_key", .unauthorized, false, 1),
        ("403 No", "AuthenticationTypeDisabled", .unauthorized, false, 1),
        ("404 No", "DeploymentNotFound", .notFound, false, 1),
        ("408 Late", "Timeout", .timeout, true, 3),
        ("409 Conflict", "x", .unavailable, true, 3),
        ("413 Large", "x", .badRequest, false, 1),
        ("422 Odd", "x", .badRequest, false, 1),
        ("424 Failed", "x", .failed, true, 1),
        ("429 Slow", "429", .rateLimited, true, 3),
        ("429 Slow", "insufficient_quota", .quotaExceeded, false, 1),
        ("500 Oops", "x", .unavailable, true, 3),
        ("502 Oops", "x", .unavailable, true, 3),
        ("503 Oops", "x", .unavailable, true, 3),
        ("504 Oops", "x", .unavailable, true, 3),
    ])
    func aStatusBecomesACode(
        status: String, code: String, expected: ChatModelError.Code, retryable: Bool, requests: Int
    ) async throws {
        let (error, made) = try await failure([.failure(status, code: code)])
        #expect(error.code == expected)
        #expect(error.retryable == retryable)
        #expect(made == requests)
        for secret in ["sk-very-secret", "127.0.0.1", "http", "upstream"] {
            #expect(!"\(error)".contains(secret))
        }
    }

    @Test(arguments: [
        #"{"error":{"message":"m","param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"jailbreak":{"filtered":true}}}}}"#,
        #"{"error":{"message":"m","code":null,"innererror":{"content_filter_results":{"hate":{"filtered":true}}}}}"#,
        #"{"error":{"inner_error":{"code":"ResponsibleAIPolicyViolation","content_filter_results":{}},"code":"400"}}"#,
        #"{"error":{"type":"invalid_request_error","code":null,"content_filters":[{"blocked":true,"source_type":"prompt"}]}}"#,
    ])
    func aPromptThatTheFilterRefusedIsToldApart(body: String) async throws {
        let (error, requests) = try await failure([.response("400 Bad Request", body)])
        #expect(error.code == .contentFilter)
        #expect(!error.retryable)
        #expect(requests == 1)
    }

    @Test(arguments: [
        #"{"statusCode":401,"message":"m"}"#, #"{"detail":"Invalid API key"}"#, #"{"error":"m"}"#,
        #"{"error":{"code":401,"message":"m"}}"#, "<html>secret</html>", "", "[1]", "null",
    ])
    func theShapeOfAnErrorBodyDoesNotMatter(body: String) async throws {
        #expect(try await failure([.response("401 Unauthorized", body)]).error.code == .unauthorized)
    }

    @Test func readsOnlyTheBeginningOfALongErrorBody() async throws {
        let endless = [Step.send("HTTP/1.1 401 No\r\ncontent-length: 100000000\r\n\r\n")]
        let body = Step.send(String(repeating: "x", count: 100_000))
        #expect(try await failure(endless + [body, .hold]).error.code == .unauthorized)
    }

    @Test(arguments: [
        [Step.failure("500 Oops")], [.failure("503 Busy", headers: ["retry-after-ms: 1"])],
        [.response("503 Busy", type: "text/html", "<html>busy</html>")], [.close], [.reset],
        [.streamHead, .event(#"{"error":{"code":503,"message":"m"}}"#), .close],
    ])
    func asksAgainBeforeTheFirstText(script: [Step]) async throws {
        try await FakeModelServer.run(script, script, .azureReply) { server in
            try await withModel(of: server) { model in
                let pieces = try await model.pieces("Hi").pieces
                #expect(pieces == ["Bl", "ue."])
            }
            #expect(server.requests.count == 3)
            #expect(Set(server.requests.map(\.body)).count == 1)
        }
    }

    @Test(arguments: [
        ([Step.close], ChatModelError.Code.truncated),
        ([.event(#"{"error":{"code":503,"message":"m"}}"#), .close], .unavailable),
        ([.event(#"{"error":{"code":500,"message":"m"}}"#), .done, .close], .unavailable),
        (
            [.event(#"{"object":"error","message":"m","type":"InternalServerError","code":500}"#), .done, .close],
            .unavailable
        ),
        ([.done, .close], .truncated),
        ([.event("{"), .close], .badResponse),
    ])
    func neverAsksAgainAfterTheFirstText(rest: [Step], code: ChatModelError.Code) async throws {
        let (error, requests) = try await failure([.streamHead, .text("a")] + rest)
        #expect(error.code == code)
        #expect(requests == 1)
    }

    @Test func aConnectionThatBreaksInTheMiddleIsTold() async throws {
        for last in [Step.close, .reset] {
            let (error, requests) = try await failure([
                .chunkedHead, .chunk("data: \(Step.textFrame("a"))\n\n"), .wait(.milliseconds(30)), last,
            ])
            #expect(error.code == .unavailable)
            #expect(error.retryable)
            #expect(requests == 1)
        }
    }

    @Test(arguments: [
        ([Step.streamHead, .close], ChatModelError.Code.truncated),
        ([.streamHead, .done, .close], .truncated),
        ([.response("200 OK", #"{"choices":[]}"#)], .badResponse),
        ([.response("200 OK", type: "text/html", "<html>")], .badResponse),
        ([.send("HTTP/1.1 204 No Content\r\n\r\n")], .badResponse),
        ([.send("nonsense\r\n\r\n"), .close], .unavailable),
    ])
    func whatIsNotAReplyFails(script: [Step], code: ChatModelError.Code) async throws {
        #expect(try await failure(script).error.code == code)
    }

    @Test func anEventThatIsTooLargeFails() async throws {
        let piece = Step.send(String(repeating: "x", count: 256 * 1024))
        let (error, _) = try await failure([.streamHead, .send("data: "), piece, piece, piece, piece, piece, .hold])
        #expect(error.code == .badResponse)
    }

    @Test func doesNotFollowRedirects() async throws {
        try await FakeModelServer.run([.hold]) { other in
            let script = Step.send("HTTP/1.1 307 Go\r\nlocation: \(other.baseURL)/v1/x\r\ncontent-length: 0\r\n\r\n")
            let (error, requests) = try await failure([script])
            #expect(error.code == .badResponse)
            #expect(requests == 1)
            #expect(other.requests.isEmpty)
        }
    }

    @Test func waitsAsLongAsTheServerAsks() async throws {
        try await FakeModelServer.run([.failure("429 Slow", headers: ["retry-after-ms: 300"])], .azureReply) { server in
            try await withModel(of: server) { model in
                let begin = ContinuousClock.now
                _ = try await model.pieces("Hi")
                #expect(ContinuousClock.now - begin >= .milliseconds(300))
            }
        }
    }

    @Test func doesNotWaitLongerThanAPersonWould() async throws {
        let (error, requests) = try await failure([.failure("429 Slow", headers: ["retry-after: 86400"])])
        #expect(error.code == .rateLimited)
        #expect(error.retryable)
        #expect(error.retryAfter == .seconds(86400))
        #expect(requests == 1)
    }

    @Test(arguments: [("500 Oops", "false", 1), ("400 Bad", "true", 3), ("400 Bad", "maybe", 1)])
    func theServerMayOverruleItsStatus(status: String, shouldRetry: String, requests: Int) async throws {
        #expect(try await failure([.failure(status, headers: ["x-should-retry: \(shouldRetry)"])]).requests == requests)
    }

    @Test(arguments: ["insufficient_quota", "content_filter", "context_length_exceeded"])
    func whatIsInTheWayForGoodIsNotTriedAgain(code: String) async throws {
        let refusal = Step.failure("429 No", headers: ["x-should-retry: true"], code: code)
        #expect(try await failure([refusal]).requests == 1)
    }

    @Test(arguments: [[Step.hold], [.streamHead, .hold]])
    func aModelThatDoesNotBeginTimesOut(script: [Step]) async throws {
        let (error, requests) = try await failure(script, timeouts: .init(firstByte: .milliseconds(600)))
        #expect(error.code == .timeout)
        #expect(error.retryable)
        #expect(requests == 1)
    }

    @Test func aModelThatFallsSilentTimesOut() async throws {
        let begin = ContinuousClock.now
        let (error, _) = try await failure(
            [.streamHead, .text("a"), .hold], timeouts: .init(silence: .milliseconds(150)))
        #expect(error.code == .timeout)
        #expect(ContinuousClock.now - begin >= .milliseconds(150))
    }

    @Test func commentsAreSignsOfLife() async throws {
        let pings = (0..<15).flatMap { _ in [Step.send(":\n\n"), .wait(.milliseconds(100))] }
        let script = [Step.streamHead] + pings + [.text("a"), .finish("stop"), .done, .close]
        try await FakeModelServer.run(script) { server in
            try await withModel(of: server, timeouts: .init(silence: .seconds(1))) { model in
                let pieces = try await model.pieces("Hi").pieces
                #expect(pieces == ["a"])
            }
        }
    }

    @Test func aServerThatIsNotThereIsUnavailable() async throws {
        // A port that was just given up.
        let port = try await FakeModelServer.run([.hold]) { $0.baseURL }
        let model = try OpenAIChatModel(
            configuration: .init(endpoint: .openAI(baseURL: port, model: "m")),
            logger: LogRecorder().logger)
        let error = try await model.failure()
        #expect(error.code == .unavailable)
        #expect(error.retryable)
        try await model.shutdown()
    }

    @Test func aServerThatDoesNotAcceptIsUnavailable() async throws {
        // An address of a network that is reserved for documentation, RFC 5737: nothing answers, or the route is refused.
        let model = try OpenAIChatModel(
            configuration: .init(
                endpoint: .openAI(baseURL: "http://192.0.2.1", model: "m"), timeouts: .init(connect: .milliseconds(50))),
            logger: LogRecorder().logger)
        #expect(try await model.failure().code == .unavailable)
        try await model.shutdown()
    }
}
