import HubProtocol
import HubTesting
import NIOCore
import Synchronization
import Testing

@testable import HubServer

/// What runs around a hub, and what it may do there.
@Suite(.timeLimit(.minutes(1)))
struct FilterTests {
    private struct Point: Codable, Sendable { var x: Int }
    private struct Failure: Error {}

    /// Notes when it is entered and left.
    private struct Noting: HubFilter {
        let name: String
        let journal: Journal

        func invoke(_ invocation: HubInvocationContext, next: HubFilterNext) async throws -> HubOutput {
            journal.note("\(name)> \(invocation.methodName)")
            defer { journal.note("\(name)< \(invocation.methodName)") }
            return try await next(invocation)
        }

        func streamItem(_ item: HubOutput, of invocation: HubInvocationContext) async throws -> HubOutput? {
            journal.note("\(name) item \(try item.decode(as: Int.self))")
            return item
        }

        func onConnected(_ context: HubContext, next: (HubContext) async throws -> Void) async throws {
            journal.note("\(name)> connected")
            try await next(context)
            journal.note("\(name)< connected")
        }

        func onDisconnected(
            _ context: HubContext, error: (any Error)?, next: (HubContext, (any Error)?) async throws -> Void
        ) async throws {
            journal.note("\(name)> disconnected")
            try await next(context, error)
            journal.note("\(name)< disconnected")
        }
    }

    /// A filter made of closures.
    private struct Filter: HubFilter {
        var onInvoke: @Sendable (HubInvocationContext, HubFilterNext) async throws -> HubOutput = { try await $1($0) }
        var onItem: @Sendable (HubOutput) async throws -> HubOutput? = { $0 }
        var onConnect: @Sendable (HubContext, (HubContext) async throws -> Void) async throws -> Void = {
            try await $1($0)
        }

        func invoke(_ invocation: HubInvocationContext, next: HubFilterNext) async throws -> HubOutput {
            try await onInvoke(invocation, next)
        }

        func streamItem(_ item: HubOutput, of invocation: HubInvocationContext) async throws -> HubOutput? {
            try await onItem(item)
        }

        func onConnected(_ context: HubContext, next: (HubContext) async throws -> Void) async throws {
            try await onConnect(context, next)
        }
    }

    private func hub(_ filters: Filter...) -> Hub {
        let hub = Hub()
        for filter in filters { hub.addFilter(filter) }
        hub.on("Add") { (_, a: Int, b: Int) in a + b }
        hub.on("Nothing") { (_) in }
        hub.on("Fail") { (_) in throw Failure() }
        hub.on("Move") { (_, point: Point) in Point(x: point.x + 1) }
        hub.on("Count") { (_, count: Int) in
            AsyncStream<Int> {
                for n in 0..<count { $0.yield(n) }; $0.finish()
            }
        }
        hub.on("Break") { (_) in
            AsyncThrowingStream<Int, any Error> {
                $0.yield(1); $0.finish(throwing: Failure())
            }
        }
        return hub
    }

    private func client(_ hub: Hub, options: HubOptions = HubOptions()) async throws -> HubTestClient {
        try await HubTestClient.connect(to: hub.mounted(options: options))
    }

    private func failure(_ body: () async throws -> Void) async -> String {
        do { try await body() } catch HubTestError.invocationFailed(let text) { return text } catch {
            return "\(error)"
        }
        return "nothing was thrown"
    }

    // MARK: Order

    @Test func thoseOfAllHubsRunFirstEachInTheOrderOfItsAdding() async throws {
        let journal = Journal()
        var options = HubOptions()
        for name in ["a", "b"] { options.addFilter(Noting(name: name, journal: journal)) }
        let hub = hub()
        for name in ["c", "d"] { hub.addFilter(Noting(name: name, journal: journal)) }
        hub.onConnected { _ in journal.note("connected") }
        hub.onDisconnected { _, _ in journal.note("disconnected") }
        let client = try await client(hub, options: options)
        #expect(try await client.invoke("Add", 1, 2, returning: Int.self) == 3)
        #expect(try await client.stream("Count", 1, of: Int.self) == [0])
        try await client.disconnect()
        try await eventually { journal.all.last == "a< disconnected" }
        func around(_ what: String, _ inner: [String]) -> [String] {
            ["a", "b", "c", "d"].map { "\($0)> \(what)" } + inner + ["d", "c", "b", "a"].map { "\($0)< \(what)" }
        }
        let items = ["d", "c", "b", "a"].map { "\($0) item 0" }
        #expect(
            journal.all == around("connected", ["connected"]) + around("Add", []) + around("Count", items)
                + around("disconnected", ["disconnected"]))
    }

    @Test func connectsAreFilteredWithoutCallbacksOfTheHub() async throws {
        let journal = Journal()
        let hub = hub()
        hub.addFilter(Noting(name: "a", journal: journal))
        let client = try await client(hub)
        try await client.invoke("Nothing")
        try await client.disconnect()
        try await eventually { journal.all.last == "a< disconnected" }
        #expect(journal.all.prefix(2) == ["a> connected", "a< connected"])
    }

    // MARK: Invocations

    @Test(arguments: [false, true]) func argumentsAndResultsMayBeChanged(speaksMessagePack: Bool) async throws {
        let hub = hub(
            Filter(onInvoke: { invocation, next in
                var changed = invocation
                if invocation.methodName == "Move" {
                    let x = try invocation.argument(0, as: Point.self).x
                    try changed.setArgument(0, to: Point(x: x * 10))
                } else {
                    let first = try invocation.argument(0, as: Int.self)
                    try changed.setArgument(0, to: first + 100)
                }
                let output = try await next(changed)
                if invocation.methodName == "Move" { return output }
                return try HubOutput(-output.decode(as: Int.self))
            }))
        let client = try await HubTestClient.connect(to: hub.mounted(), speaksMessagePack: speaksMessagePack)
        #expect(try await client.invoke("Add", 1, 2, returning: Int.self) == -103)
        #expect(try await client.invoke("Move", Point(x: 3), returning: Point.self).x == 31)
    }

    @Test func anInvocationMayBeAnsweredWithoutTheMethod() async throws {
        let calls = Atomic(0)
        let hub = hub(
            Filter(onInvoke: { invocation, _ in
                invocation.methodName == "Add" ? try HubOutput("no sum") : .none
            }),
            Filter(onInvoke: { invocation, next in
                calls.add(1, ordering: .relaxed)
                return try await next(invocation)
            }))
        let client = try await client(hub)
        #expect(try await client.invoke("Add", 1, 2, returning: String.self) == "no sum")
        try await client.invoke("Fail")
        #expect(try await client.stream("Count", 3, of: Int.self) == [])
        #expect(calls.load(ordering: .relaxed) == 0)
    }

    @Test func whatAFilterThrowsIsToldAsTheMethodsOwn() async throws {
        let client = try await client(
            hub(Filter(onInvoke: { _, _ in throw HubError("not now") })))
        let told = await failure { try await client.invoke("Nothing") }
        #expect(told == "An unexpected error occurred invoking 'Nothing' on the server. HubException: not now")
    }

    @Test func aFilterSeesWhatTheMethodHasThrownAndMayMakeGoodForIt() async throws {
        let hub = hub(
            Filter(onInvoke: { invocation, next in
                do { return try await next(invocation) } catch is Failure { return try HubOutput("mended") }
            }))
        let client = try await client(hub)
        #expect(try await client.invoke("Fail", returning: String.self) == "mended")
        #expect(try await client.stream("Break", of: Int.self) == [1], "its stream ends without an error")
    }

    @Test func argumentsThatDoNotFitAreStillToldAsSuch() async throws {
        var options = HubOptions()
        options.enableDetailedErrors = true
        let client = try await client(hub(Filter()), options: options)
        let plain = try await self.client(hub(), options: options)
        for arguments in [["1"], ["x", "y"]] {
            var told: [String] = []
            for client in [client, plain] {
                let encoded = arguments.map { ByteBuffer(string: "\"\($0)\"") }
                let id = try await client.begin("Add", encoded, asStream: false)
                told.append(await failure { _ = try await client.completion(of: id) })
            }
            #expect(told[0] == told[1] && told[0].hasPrefix("Failed to invoke 'Add'"))
        }
    }

    @Test func whoIsNotAllowedIsRefusedBeforeFilters() async throws {
        let calls = Atomic(0)
        let hub = hub(
            Filter(onInvoke: { invocation, next in
                calls.add(1, ordering: .relaxed)
                return try await next(invocation)
            }))
        hub.requireAuthorization(toInvoke: "Nothing")
        let client = try await client(hub)
        let told = await failure { try await client.invoke("Nothing") }
        #expect(told == "Failed to invoke 'Nothing' because user is unauthorized")
        #expect(calls.load(ordering: .relaxed) == 0)
    }

    @Test func thereIsNoArgumentWhereThereIsNone() async throws {
        let hub = hub(
            Filter(onInvoke: { invocation, next in
                var changed = invocation
                #expect(throws: (any Error).self) { try changed.setArgument(2, to: 1) }
                #expect(throws: (any Error).self) { try changed.setArgument(-1, to: 1) }
                return try await next(changed)
            }))
        #expect(try await client(hub).invoke("Add", 1, 2, returning: Int.self) == 3)
    }

    // MARK: Streams

    @Test func itemsMayBeChangedAndDropped() async throws {
        let hub = hub(
            Filter(onItem: { try HubOutput("<\($0.decode(as: Int.self))>") }),
            Filter(onItem: { try $0.decode(as: Int.self).isMultiple(of: 2) ? $0 : nil }))
        #expect(try await client(hub).stream("Count", 5, of: String.self) == ["<0>", "<2>", "<4>"])
    }

    @Test func anItemThatIsRefusedEndsItsStream() async throws {
        let hub = hub(
            Filter(onItem: { item in
                if try item.decode(as: Int.self) == 2 { throw HubError("too much") }
                return item
            }))
        let client = try await client(hub)
        let told = await failure { _ = try await client.stream("Count", 5, of: Int.self) }
        #expect(told == "An error occurred on the server while streaming results. HubException: too much")
    }

    @Test func aStreamThatFailsIsToldAsWithoutFilters() async throws {
        for hub in [hub(), hub(Filter())] {
            let client = try await client(hub)
            let told = await failure { _ = try await client.stream("Break", of: Int.self) }
            #expect(told == "An error occurred on the server while streaming results.")
        }
    }

    // MARK: Connections

    @Test func aFilterThatThrowsRefusesTheConnection() async throws {
        let told = Atomic(false)
        let hub = hub(Filter(onConnect: { _, _ in throw HubError("full") }))
        hub.onConnected { _ in told.store(true, ordering: .relaxed) }
        hub.onDisconnected { _, _ in told.store(true, ordering: .relaxed) }
        let endpoint = hub.mounted()
        let client = try await HubTestClient.connect(to: endpoint)
        let close = try await client.close()
        #expect(close.error == "Connection closed with an error. HubException: full")
        try await eventually { endpoint.roster.count == 0 }
        #expect(told.load(ordering: .relaxed) == false)
    }

    @Test func aFilterMayKeepAConnectFromTheHub() async throws {
        let told = Atomic(false)
        let hub = hub(Filter(onConnect: { _, _ in }))
        hub.onConnected { _ in told.store(true, ordering: .relaxed) }
        let client = try await client(hub)
        #expect(try await client.invoke("Add", 1, 2, returning: Int.self) == 3)
        #expect(told.load(ordering: .relaxed) == false)
    }

    @Test func outputsAreReadAsClientsReadThem() throws {
        #expect(try HubOutput(Point(x: 7)).decode(as: Point.self).x == 7)
        #expect(try HubOutput(["a", "b"]).decode(as: [String].self) == ["a", "b"])
        #expect(try HubOutput.none.decode(as: Int?.self) == nil)
        #expect(HubOutput.none.isNone)
        #expect(try !HubOutput(1).isNone)
        #expect(throws: (any Error).self) { try HubOutput("text").decode(as: Int.self) }
    }
}
