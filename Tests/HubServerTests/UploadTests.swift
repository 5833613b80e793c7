import HubServer
import HubTesting
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(1)))
struct UploadTests {
    private let journal = Journal()
    private let gate = Gate()

    private func hub() -> Hub {
        let hub = Hub()
        hub.on("Nothing") { (_) in }
        hub.on("Concat") { (_, strings: HubUpload<String>) in
            var text = ""
            for try await string in strings { text += string }
            return text
        }
        hub.on("Zip") { (_, separator: String, left: HubUpload<String>, right: HubUpload<Int>, end: String?) in
            var text = ""
            var rights = right.makeAsyncIterator()
            for try await string in left {
                guard let number = try await rights.next() else { break }
                text += "\(string)\(separator)\(number)"
            }
            return text + (end ?? "")
        }
        hub.on("Double") { (_, numbers: HubUpload<Int>) in
            AsyncThrowingStream<Int, any Error> { continuation in
                let task = Task {
                    do {
                        for try await number in numbers { continuation.yield(2 * number) }
                        continuation.finish()
                    } catch {
                        continuation.finish(throwing: error)
                    }
                }
                continuation.onTermination = { _ in task.cancel() }
            }
        }
        hub.on("First") { (_, strings: HubUpload<String>) in
            for try await string in strings { return string }
            return ""
        }
        hub.on("Slow") { [gate] (_, strings: HubUpload<String>) in
            await gate.arrive()
            var count = 0
            for try await _ in strings { count += 1 }
            return count
        }
        hub.on("Fate") { [journal] (_, strings: HubUpload<String>) in
            do {
                for try await string in strings { journal.note(string) }
                journal.note("end")
            } catch {
                journal.note("\(type(of: error))")
                throw error
            }
        }
        return hub
    }

    private func invocation(_ target: String, id: String, streams: String, type: Int = 1, arguments: String = "[]")
        -> String
    {
        "{\"type\":\(type),\"invocationId\":\"\(id)\",\"target\":\"\(target)\",\"arguments\":\(arguments),"
            + "\"streamIds\":\(streams)}␞"
    }

    private func item(_ id: String, _ value: String) -> String {
        "{\"type\":2,\"invocationId\":\"\(id)\",\"item\":\(value)}␞"
    }

    private func end(_ id: String, error: String? = nil) -> String {
        "{\"type\":3,\"invocationId\":\"\(id)\"\(error.map { ",\"error\":\"\($0)\"" } ?? "")}␞"
    }

    @Test(arguments: [false, true])
    func itemsReachTheMethodInBothProtocols(messagePack: Bool) async throws {
        let client = try await HubTestClient.connect(to: hub().mounted(), speaksMessagePack: messagePack)
        let upload = client.upload()
        async let text = client.invoke("Concat", uploads: [upload], returning: String.self)
        // The invocation goes first.
        try await client.invoke("Nothing")
        for letter in ["a", "", "ü"] { try await upload.send(letter) }
        try await upload.finish()
        #expect(try await text == "aü")
    }

    @Test func allInOneFrame() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(
            invocation("Concat", id: "1", streams: "[\"2\"]") + item("2", "\"a\"") + item("2", "\"b\"") + end("2"))
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"result\":\"ab\"}"])
    }

    @Test func streamsAreTakenInTheirOrderAmongTheArguments() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(
            invocation("Zip", id: "1", streams: "[\"9\",\"3\"]", arguments: "[\"-\",\"!\"]") + item("3", "1")
                + item("9", "\"a\"") + item("9", "\"b\"") + item("3", "2") + end("9") + end("3"))
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"result\":\"a-1b-2!\"}"])
        try await wire.send(invocation("Zip", id: "4", streams: "[\"5\",\"6\"]", arguments: "[\"-\"]") + end("5"))
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"4\",\"result\":\"\"}"])
    }

    @Test(arguments: [false, true])
    func aServerStreamMayReadOne(messagePack: Bool) async throws {
        let client = try await HubTestClient.connect(to: hub().mounted(), speaksMessagePack: messagePack)
        let upload = client.upload()
        async let doubled = client.stream("Double", uploads: [upload], of: Int.self)
        try await client.invoke("Nothing")
        for number in 1...200 { try await upload.send(number) }
        try await upload.finish()
        #expect(try await doubled == (1...200).map { 2 * $0 })
    }

    @Test func theClientsErrorIsThrownAndToldWithItsWords() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(
            invocation("Concat", id: "1", streams: "[\"2\"]") + item("2", "\"a\"") + end("2", error: "Something bad"))
        #expect(
            try await wire.messages(1) == [
                "{\"type\":3,\"invocationId\":\"1\",\"error\":\"An unexpected error occurred invoking 'Concat' on the "
                    + "server. HubException: Something bad\"}"
            ])
        try await wire.send(
            invocation("Double", id: "3", streams: "[\"4\"]", type: 4) + item("4", "1") + end("4", error: "bad"))
        #expect(
            try await wire.messages(2) == [
                "{\"type\":2,\"invocationId\":\"3\",\"item\":2}",
                "{\"type\":3,\"invocationId\":\"3\",\"error\":\"An error occurred on the server while streaming "
                    + "results. HubException: bad\"}",
            ])
    }

    @Test func anItemOfTheWrongTypeFailsItsStreamOnly() async throws {
        var options = HubOptions()
        options.enableDetailedErrors = true
        let wire = try await Wire.connected(hub().mounted(options: options))
        try await wire.send(
            invocation("Concat", id: "1", streams: "[\"2\"]") + invocation("Concat", id: "3", streams: "[\"4\"]")
                + item("2", "1") + item("2", "\"x\"") + item("4", "\"y\"") + end("4"))
        let answers = try await wire.messages(2).sorted()
        #expect(
            answers[0].hasPrefix(
                "{\"type\":3,\"invocationId\":\"1\",\"error\":\"An unexpected error occurred invoking 'Concat' on the "
                    + "server. InvalidDataException: Error binding a stream item."))
        #expect(answers[1] == "{\"type\":3,\"invocationId\":\"3\",\"result\":\"y\"}")
        #expect(wire.transport.hubClose == nil)
    }

    @Test func whatBelongsToNoStreamIsIgnored() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(item("2", "1") + end("2") + end("s1") + end("2", error: "x"))
        try await wire.send(
            invocation("First", id: "1", streams: "[\"2\"]") + item("2", "\"a\"") + item("2", "\"b\"") + item("7", "1"))
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"result\":\"a\"}"])
        // The method has returned: its stream is closed, and its id is free again.
        try await wire.send(item("2", "\"c\"") + end("2"))
        try await wire.send(invocation("First", id: "3", streams: "[\"2\"]") + item("2", "\"d\""))
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"3\",\"result\":\"d\"}"])
        #expect(wire.transport.hubClose == nil)
    }

    @Test(arguments: [
        ("Concat", "[]", 0, 1), ("Concat", "[\"2\",\"3\"]", 2, 1), ("Zip", "[\"2\"]", 1, 2),
        ("Nothing", "[\"2\"]", 1, 0),
    ])
    func theNumberOfStreamsMustFit(target: String, streams: String, sent: Int, expected: Int) async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(invocation(target, id: "1", streams: streams))
        let error =
            "An unexpected error occurred invoking '\(target)' on the server. HubException: "
            + "Client sent \(sent) stream(s), Hub method expects \(expected)."
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"error\":\"\(error)\"}"])
    }

    @Test func idInUseIsRefused() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(
            invocation("Concat", id: "1", streams: "[\"2\"]") + invocation("Concat", id: "3", streams: "[\"2\"]")
                + invocation("Zip", id: "4", streams: "[\"5\",\"5\"]", arguments: "[\"\"]"))
        #expect(
            try await wire.messages(2) == [
                "{\"type\":3,\"invocationId\":\"3\",\"error\":\"Invocation ID '2' is already in use.\"}",
                "{\"type\":3,\"invocationId\":\"4\",\"error\":\"Invocation ID '5' is already in use.\"}",
            ])
        try await wire.send(end("2"))
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"result\":\"\"}"])
    }

    @Test func argumentsThatDoNotFitCloseTheStreams() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(invocation("Zip", id: "1", streams: "[\"2\",\"3\"]", arguments: "[7]"))
        #expect(
            try await wire.messages(1) == [
                "{\"type\":3,\"invocationId\":\"1\",\"error\":\"Failed to invoke 'Zip' due to an error on the server.\"}"
            ])
        try await wire.eventually { wire.transport.isReading }
        try await wire.send(invocation("Concat", id: "4", streams: "[\"2\"]") + end("2"))
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"4\",\"result\":\"\"}"])
    }

    @Test func theyTakeNoPlaceOfInvocationsAndAreLimited() async throws {
        var options = HubOptions()
        options.maximumParallelStreamsPerClient = 2
        let wire = try await Wire.connected(hub().mounted(options: options))
        for number in 1...3 { try await wire.send(invocation("Concat", id: "\(number)", streams: "[\"s\(number)\"]")) }
        let refused = try await wire.messages(1)
        #expect(refused.joined().contains("\"invocationId\":\"3\",\"error\""))
        try await wire.send("{\"type\":1,\"invocationId\":\"4\",\"target\":\"Nothing\",\"arguments\":[]}␞")
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"4\",\"result\":null}"])
    }

    @Test func cancellingTheInvocationCancelsItsReading() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(invocation("Fate", id: "1", streams: "[\"2\"]") + item("2", "\"a\""))
        try await wire.eventually { journal.all == ["a"] }
        try await wire.send("{\"type\":5,\"invocationId\":\"1\"}␞" + item("2", "\"b\""))
        #expect(try await wire.messages(1).joined().contains("\"invocationId\":\"1\",\"error\""))
        #expect(journal.all.last == "CancellationError")
    }

    @Test func disconnectCancelsTheReading() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(invocation("Fate", id: "1", streams: "[\"2\"]") + item("2", "\"a\""))
        try await wire.eventually { journal.all == ["a"] }
        try await wire.onLoop { wire.transport.end(error: nil) }
        try await eventually { journal.all == ["a", "CancellationError"] }
    }

    @Test func aClientFarAheadIsHeldUpAndNothingIsLost() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(invocation("Slow", id: "1", streams: "[\"2\"]"))
        try await wire.eventually { gate.arrivals.count == 1 }
        // A full stream keeps neither pings nor cancellations nor other invocations from being read.
        try await wire.send((0..<20).map { item("2", "\"\($0)\"") }.joined())
        #expect(wire.transport.isReading)
        try await wire.send("{\"type\":6}␞{\"type\":1,\"invocationId\":\"3\",\"target\":\"Nothing\",\"arguments\":[]}␞")
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"3\",\"result\":null}"])
        try await wire.send((0..<500).map { item("2", "\"\($0)\"") }.joined() + end("2"))
        #expect(!wire.transport.isReading)
        // Nor is the client blamed for its silence while it is held up.
        for _ in 0..<9 { await wire.pass(seconds: 10) }
        #expect(wire.transport.hubClose == nil)
        gate.open()
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"result\":520}"])
        #expect(wire.transport.isReading)
    }

    @Test func largeItemsHoldTheClientUpByTheirBytes() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send(invocation("Slow", id: "1", streams: "[\"2\"]"))
        try await wire.eventually { gate.arrivals.count == 1 }
        let large = item("2", "\"" + String(repeating: "x", count: 30_000) + "\"")
        for _ in 0..<6 { try await wire.send(large) }
        #expect(!wire.transport.isReading)
        gate.open()
        try await wire.eventually { wire.transport.isReading }
        try await wire.send(end("2"))
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"result\":6}"])
    }

    @Test func aMethodThatReturnsLetsAHeldUpClientGoOn() async throws {
        let hub = Hub()
        hub.on("Leave") { [gate] (_, strings: HubUpload<String>) in await gate.arrive() }
        let wire = try await Wire.connected(hub.mounted())
        try await wire.send(
            invocation("Leave", id: "1", streams: "[\"2\"]") + (0..<500).map { item("2", "\"\($0)\"") }.joined())
        #expect(!wire.transport.isReading)
        gate.open()
        #expect(try await wire.messages(1) == ["{\"type\":3,\"invocationId\":\"1\",\"result\":null}"])
        try await wire.eventually { wire.transport.isReading }
    }
}
