import FoundationEssentials
import HubServer
import HubTesting
import NIOCore
import Testing

private struct Point: Codable, Sendable, Equatable {
    var x: Int
    var y: Int
}

private struct Failure: HubErrorNaming {
    var hubErrorName: String { "InvalidOperationException" }
    var hubErrorMessage: String { "An error occurred." }
}

private struct Chat: Sendable {
    func greet(_ context: HubContext, name: String, title: String?) async throws -> String {
        [title, name].compactMap { $0 }.joined(separator: " ")
    }
}

@Suite(.timeLimit(.minutes(1)))
struct InvocationTests {
    private func hub() -> Hub {
        let hub = Hub()
        hub.on("Nothing") { (_) in }
        hub.on("Add") { (_, a: Int, b: Int) in a + b }
        hub.on("Mirror") { (_, point: Point) in Point(x: point.y, y: point.x) }
        hub.on("Greet", Chat().greet)
        hub.on("Throw") { (_) in throw Failure() }
        hub.on("Refuse") { (_, why: String) in throw HubError(why) }
        hub.on("Infinity") { (_) in Double.infinity }
        hub.on("Date") { (_, date: Date) in date }
        hub.on("Count") { (_) in AsyncStream<Int> { $0.finish() } }
        hub.on("Who") { (context) in
            [context.connectionID, context.userID ?? "-", context.request.query("room") ?? "-"]
        }
        return hub
    }

    /// What the client sees of one invocation.
    private func answer(
        _ target: String, _ arguments: String, type: Int = 1, options: HubOptions = HubOptions()
    ) async throws -> String {
        let wire = try await Wire.connected(hub().mounted(options: options))
        try await wire.send(
            "{\"type\":\(type),\"invocationId\":\"7\",\"target\":\"\(target)\",\"arguments\":\(arguments)}␞")
        let answers = try await wire.messages(1)
        #expect(wire.transport.hubClose == nil)
        return answers.joined()
    }

    @Test func resultIsSentAsJSON() async throws {
        #expect(try await answer("Add", "[2,3]") == "{\"type\":3,\"invocationId\":\"7\",\"result\":5}")
        #expect(try await answer("mirror", "[{\"x\":1,\"y\":2}]").contains("\"x\":2"))
        #expect(
            try await answer("Date", "[\"2000-01-01T00:00:00Z\"]")
                == "{\"type\":3,\"invocationId\":\"7\",\"result\":\"2000-01-01T00:00:00Z\"}")
    }

    @Test func methodThatReturnsNothingAnswersNull() async throws {
        #expect(try await answer("Nothing", "[]") == "{\"type\":3,\"invocationId\":\"7\",\"result\":null}")
    }

    @Test func trailingOptionalsMayBeLeftOut() async throws {
        #expect(try await answer("Greet", "[\"Ada\"]").contains("\"result\":\"Ada\""))
        #expect(try await answer("Greet", "[\"Ada\",null]").contains("\"result\":\"Ada\""))
        #expect(try await answer("Greet", "[\"Ada\",\"Lady\"]").contains("\"result\":\"Lady Ada\""))
    }

    @Test func unknownMethodIsTold() async throws {
        #expect(
            try await answer("Nope", "[]")
                == "{\"type\":3,\"invocationId\":\"7\",\"error\":\"Unknown hub method 'Nope'\"}")
    }

    @Test(arguments: ["[1]", "[1,2,3]", "[1,\"two\"]", "[1,null]", "[1,2.5]"])
    func wrongArgumentsAreToldWithoutDetails(arguments: String) async throws {
        #expect(
            try await answer("Add", arguments)
                == "{\"type\":3,\"invocationId\":\"7\",\"error\":\"Failed to invoke 'Add' due to an error on the server.\"}"
        )
    }

    @Test func wrongArgumentsAreToldInDetail() async throws {
        var options = HubOptions()
        options.enableDetailedErrors = true
        #expect(
            try await answer("Add", "[1]", options: options).contains(
                "Failed to invoke 'Add' due to an error on the server. InvalidDataException: "
                    + "Invocation provides 1 argument(s) but target expects 2."))
        #expect(
            try await answer("Add", "[1,true]", options: options).contains(
                "InvalidDataException: Error binding arguments. Make sure that the types of the provided values match "
                    + "the types of the hub method being invoked."))
    }

    @Test func errorsAreToldOnlyWhereTheyAreMeantForClients() async throws {
        let text = "An unexpected error occurred invoking"
        #expect(try await answer("Throw", "[]").hasSuffix("\"error\":\"\(text) 'Throw' on the server.\"}"))
        #expect(
            try await answer("Refuse", "[\"not your turn\"]").hasSuffix(
                "\"error\":\"\(text) 'Refuse' on the server. HubException: not your turn\"}"))
        var options = HubOptions()
        options.enableDetailedErrors = true
        #expect(
            try await answer("Throw", "[]", options: options).hasSuffix(
                "\"error\":\"\(text) 'Throw' on the server. InvalidOperationException: An error occurred.\"}"))
    }

    @Test func resultThatCannotBeEncodedIsAnError() async throws {
        #expect(
            try await answer("Infinity", "[]").contains(
                "An unexpected error occurred invoking 'Infinity' on the server."))
    }

    @Test func streamingAndNonStreamingAreNotMixed() async throws {
        #expect(
            try await answer("Count", "[]").contains(
                "The client attempted to invoke the streaming 'Count' method with a non-streaming invocation."))
        #expect(
            try await answer("Add", "[1,2]", type: 4).contains(
                "The client attempted to invoke the non-streaming 'Add' method with a streaming invocation."))
    }

    @Test func uploadStreamsThatTheMethodDoesNotExpectAreRefused() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(
            "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Nothing\",\"arguments\":[],\"streamIds\":[\"2\"]}␞")
        #expect(
            try await wire.messages(1).joined().contains("HubException: Client sent 1 stream(s), Hub method expects 0.")
        )
    }

    @Test func fireAndForgetIsNeverAnswered() async throws {
        let wire = try await Wire.connected(hub().mounted())
        for target in ["Nothing", "Nope", "Throw", "Add", "Count"] {
            try await wire.send("{\"type\":1,\"target\":\"\(target)\",\"arguments\":[]}␞")
        }
        try await wire.send("{\"type\":1,\"invocationId\":\"last\",\"target\":\"Nothing\",\"arguments\":[]}␞")
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"last\",\"result\":null}"])
    }

    @Test func contextTellsWhoCalls() async throws {
        let client = try await HubTestClient.connect(
            to: hub().mounted(), userID: "ada", query: [("Room", "42")], headers: [("X-Key", "v")])
        let who = try await client.invoke("Who", returning: [String].self)
        #expect(who == [client.connectionID, "ada", "42"])
    }

    @Test func itemsLastAsLongAsTheConnection() async throws {
        let visits = HubItemKey<Int>("visits")
        let hub = Hub()
        hub.on("Visit") { (context) in
            let count = (context.items[visits] ?? 0) + 1
            context.items[visits] = count
            return count
        }
        let endpoint = hub.mounted()
        let client = try await HubTestClient.connect(to: endpoint)
        #expect(try await client.invoke("Visit", returning: Int.self) == 1)
        #expect(try await client.invoke("Visit", returning: Int.self) == 2)
        #expect(try await HubTestClient.connect(to: endpoint).invoke("Visit", returning: Int.self) == 1)
    }

    @Test func abortTellsTheClientNotToComeBack() async throws {
        let hub = Hub()
        hub.on("Leave") { (context) in context.abort() }
        let wire = try await Wire.connected(hub.mounted())
        try await wire.send("{\"type\":1,\"target\":\"Leave\",\"arguments\":[]}␞")
        #expect(try await wire.messages(1) == ["{\"type\":7}"])
        #expect(wire.transport.hubClose == .normal)
    }
}
