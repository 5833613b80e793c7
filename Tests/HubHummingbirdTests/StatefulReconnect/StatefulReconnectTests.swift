import HubProtocol
import HubServer
import HubTesting
import NIOCore
import Testing

/// A client as the JavaScript one is, whose sockets are cut again and again, at one node or at two in turn.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StatefulReconnectTests {
    private static let count = 20

    /// How a run loses its sockets.
    enum Loss: CaseIterable, Sendable {
        /// After one message of the server's, then after two, and so on: behind each message, also of those that come again.
        case receiving
        /// A message of the client's is lost with the socket.
        case sending
        case both
        /// The server does not hear of it.
        case unnoticed

        var cuts: StatefulTestClient.Cuts {
            var cuts = StatefulTestClient.Cuts()
            switch self {
            case .receiving: cuts.afterReceiving = { 1 + $0 }
            case .sending: cuts.insteadOfSending = { 3 + $0 }
            case .both:
                cuts.afterReceiving = { 2 + $0 }
                cuts.insteadOfSending = { 2 + $0 / 2 }
            case .unnoticed:
                cuts.afterReceiving = { 3 + 2 * $0 }
                cuts.leavesSocketsOpen = true
            }
            return cuts
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let kind: ReconnectCluster.Kind
        let encoding: HubEncoding
        let loss: Loss
        let takesTurns: Bool

        static let all: [Case] = ReconnectCluster.Kind.allCases.flatMap { kind in
            HubEncoding.allCases.flatMap { encoding in
                Loss.allCases.flatMap { loss in
                    (kind == .memory ? [false, true] : [true]).map {
                        Case(kind: kind, encoding: encoding, loss: loss, takesTurns: $0)
                    }
                }
            }
        }

        var testDescription: String { "\(kind), \(encoding), \(loss), \(takesTurns ? "two nodes" : "one node")" }
    }

    @Test(arguments: Case.all) func nothingIsLostDoubledOrOutOfOrder(_ test: Case) async throws {
        try await ReconnectCluster.with(test.kind) { cluster in
            let client = try await StatefulTestClient.connect(
                to: test.takesTurns ? cluster.urls : [cluster.urls[0]], headers: [("Cookie", "ada")],
                encoding: test.encoding, cuts: test.loss.cuts)
            _ = try await client.invoke("Join", .string("everyone"))
            let upload = client.nextID()
            let collecting = try client.begin("Collect", [], uploads: [upload])
            let counting = try client.begin("Count", [.integer(Int64(Self.count))], asStream: true)
            var invocations: [String] = []
            for number in 1...Self.count {
                // From either node: what a sender sends to one connection arrives in its order.
                try await cluster.hubs[1].clients.group("everyone").send("grouped", number)
                try await cluster.hubs[0].clients.user("ada").send("personal", number)
                invocations.append(try client.begin("Number", [.integer(Int64(number))]))
                let item = try test.encoding.bytes(of: .integer(Int64(number)))
                client.send(.streamItem(StreamItemMessage(invocationID: upload, item: item)))
                guard number.isMultiple(of: 10) else { continue }
                // What is sent while there is no socket cannot be lost with one.
                repeat {
                    try await Task.sleep(for: .milliseconds(10))
                } while client.isReconnecting && client.error == nil
            }
            client.send(.completion(CompletionMessage(invocationID: upload, outcome: .streamEnd)))
            let numbers = Array(1...Self.count)
            let expected = 4 * Self.count + 2
            let deadline = ContinuousClock.now + .seconds(30)
            while client.inbox.messages.count(where: \.isSequenced) < expected, client.error == nil {
                try #require(ContinuousClock.now < deadline, "only \(client.latestReceivedID) of \(expected + 1) came")
                try await Task.sleep(for: .milliseconds(5))
            }
            // What comes twice comes late.
            try await Task.sleep(for: .milliseconds(50))
            #expect(client.error == nil)
            #expect(client.sockets > 2)
            let received = Received(client.inbox.messages, test.encoding)
            #expect(received.invocations["grouped"] == numbers)
            #expect(received.invocations["personal"] == numbers)
            #expect(received.items[counting] == numbers)
            #expect(received.order.filter(Set(invocations).contains) == invocations)
            #expect(try invocations.map { try received.results[$0]?.decode(as: Int.self) } == numbers)
            #expect(try received.results[collecting]?.decode(as: [Int].self) == numbers)
            #expect(received.completions == Self.count + 2)
            await client.close()
        }
    }

    /// What a client got, sorted.
    private struct Received {
        var invocations: [String: [Int]] = [:]
        var items: [String: [Int]] = [:]
        var results: [String: ReceivedValue] = [:]
        var order: [String] = []
        var completions = 0

        init(_ messages: [HubMessage], _ encoding: HubEncoding) {
            for message in messages {
                switch message {
                case .invocation(let invocation):
                    let value = ReceivedValue(invocation.arguments[0], encoding)
                    invocations[invocation.target, default: []].append((try? value.decode(as: Int.self)) ?? -1)
                case .streamItem(let item):
                    let value = ReceivedValue(item.item, encoding)
                    items[item.invocationID, default: []].append((try? value.decode(as: Int.self)) ?? -1)
                case .completion(let completion):
                    completions += 1
                    order.append(completion.invocationID)
                    if case .result(let result) = completion.outcome {
                        results[completion.invocationID] = ReceivedValue(result, encoding)
                    }
                default: break
                }
            }
        }
    }

    // MARK: What it costs

    @Test func aRelayedMessageIsOneMessageInRedis() async throws {
        try await ReconnectCluster.with(.redis) { cluster in
            let client = try await StatefulTestClient.connect(to: cluster.urls, ackDelay: .seconds(60))
            _ = try await client.invoke("Number", .integer(0))
            let atHome = try cluster.published()
            for number in 1...50 as ClosedRange<Int64> { _ = try await client.invoke("Number", .integer(number)) }
            #expect(try cluster.published() - atHome < 10)
            await client.cut()
            _ = try await client.invoke("Number", .integer(0))
            #expect(client.sockets == 2)
            let relayed = try cluster.published()
            for number in 1...50 as ClosedRange<Int64> { _ = try await client.invoke("Number", .integer(number)) }
            let cost = try cluster.published() - relayed
            // There and back. On top are an acknowledgement a second, and the canaries of two nodes.
            #expect((100..<115).contains(cost))
            await client.close()
        }
    }

    /// A message between edge and home that is missing ends the socket; what was in it comes again on the next.
    @Test(arguments: HubEncoding.allCases) func whatTheBackplaneLosesComesAgain(encoding: HubEncoding) async throws {
        var options = HubOptions()
        options.relayTimeout = .seconds(2)
        options.keepAliveInterval = .milliseconds(100)
        try await ReconnectCluster.with(hubOptions: options) { cluster in
            let client = try await StatefulTestClient.connect(
                to: [cluster.urls[0]] + Array(repeating: cluster.urls[1], count: 100), encoding: encoding,
                pingInterval: .milliseconds(100))
            _ = try await client.invoke("Number", .integer(0))
            for backplane in cluster.faulty { backplane.change { $0.lostMessages = 0.05 } }
            await client.cut()
            for number in 1...30 as ClosedRange<Int64> {
                #expect(try await client.invoke("Number", .integer(number))?.decode(as: Int64.self) == number)
            }
            let counting = try client.begin("Count", [.integer(50)], asStream: true)
            _ = try await client.inbox.take(within: .seconds(20)) { message in
                if case .completion(let completion) = message { completion.invocationID == counting } else { false }
            }
            #expect(Received(client.inbox.messages, encoding).items[counting] == Array(1...50))
            #expect(client.sockets > 3)
            for backplane in cluster.faulty { backplane.change { $0.lostMessages = 0 } }
            await client.close()
        }
    }

    /// What the client acknowledges lies behind items that the server takes only when it has answered those before.
    @Test(arguments: [true, false]) func aMethodThatAnswersItemForItemDoesNotWaitForEver(hasRoom: Bool) async throws {
        var options = HubOptions()
        options.maximumOutboxSize = hasRoom ? 4 << 20 : 500_000
        try await ReconnectCluster.with(hubOptions: options) { cluster in
            let client = try await StatefulTestClient.connect(to: cluster.urls)
            let upload = client.nextID()
            let repeating = try client.begin("Repeat", [], uploads: [upload], asStream: true)
            let item = try client.encoding.bytes(of: .string(String(repeating: "x", count: 1000)))
            for _ in 1...1500 {
                client.send(.streamItem(StreamItemMessage(invocationID: upload, item: item)))
            }
            client.send(.completion(CompletionMessage(invocationID: upload, outcome: .streamEnd)))
            @Sendable func completion() async throws {
                _ = try await client.inbox.take(within: .seconds(20)) { message in
                    if case .completion(let completion) = message {
                        completion.invocationID == repeating
                    } else {
                        false
                    }
                }
            }
            if hasRoom {
                try await completion()
                #expect(client.latestReceivedID == 1501)
                await client.close()
            } else {
                await #expect(throws: HubTestError.closed) { try await completion() }
            }
        }
    }

    /// Nodes lose their subscriptions, and with them what was said to them.
    @Test func aSubscriberOfRedisThatIsCutOffCostsNothing() async throws {
        var options = HubOptions()
        options.keepAliveInterval = .milliseconds(100)
        try await ReconnectCluster.with(.redis, hubOptions: options) { cluster in
            let client = try await StatefulTestClient.connect(
                to: [cluster.urls[0]] + Array(repeating: cluster.urls[1], count: 100),
                pingInterval: .milliseconds(100))
            _ = try await client.invoke("Number", .integer(0))
            await client.cut()
            for number in 1...100 as ClosedRange<Int64> {
                if number.isMultiple(of: 25) { try cluster.redis?.command("CLIENT", "KILL", "TYPE", "pubsub") }
                #expect(try await client.invoke("Number", .integer(number))?.decode(as: Int64.self) == number)
            }
            #expect(client.sockets > 4)
            await client.close()
        }
    }

    /// A client that reads nothing at another node: its home stops at the window, and what waits stays there.
    @Test func aRelayedSocketThatIsSlowHoldsItsHomeBack() async throws {
        var options = HubOptions()
        options.maximumOutboxSize = 8 << 20
        options.statefulReconnectBufferSize = 8 << 20
        options.maximumReceiveMessageSize = 1 << 20
        options.transportSendTimeout = .seconds(60)
        try await ReconnectCluster.with(hubOptions: options) { cluster in
            let client = try await StatefulTestClient.connect(to: cluster.urls)
            _ = try await client.invoke("Join", .string("everyone"))
            await client.cut()
            _ = try await client.invoke("Number", .integer(0))
            let text = String(repeating: "x", count: 25_000)
            try await client.setReading(false)
            for _ in 1...100 { try await cluster.hubs[0].clients.group("everyone").send("text", text) }
            let large = String(repeating: "y", count: 500_000)
            let length = try client.begin("Length", [.string(large)])
            try await client.setReading(true)
            for _ in 1...100 {
                _ = try await client.inbox.take(within: .seconds(20)) { message in
                    if case .invocation(let invocation) = message { invocation.target == "text" } else { false }
                }
            }
            _ = try await client.inbox.take(within: .seconds(20)) { message in
                if case .completion(let completion) = message { completion.invocationID == length } else { false }
            }
            #expect(client.sockets == 2)
            await client.close()
        }
    }
}
