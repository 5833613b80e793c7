import HubBackplane
import NIOCore
import Testing

@Suite("Channels of every backplane", .timeLimit(.minutes(1)))
struct ChannelConformanceTests {
    @Test(arguments: BackplaneKind.allCases)
    func messagesArriveInTheOrderInWhichTheyWerePublished(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let heard = Record<String>()
            _ = try await backplane.subscribe(to: names.testChannel(), receive: heard.receiver)
            for number in 1...1000 {
                backplane.publish(ByteBuffer(string: "\(number)"), to: names.testChannel()) { _ in }
            }
            #expect(try await heard.first(1000) == (1...1000).map(String.init))
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func thePublisherLearnsWhetherSomebodyListens(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            #expect(try await backplane.publish("nobody", to: names.testChannel()) == 0)
            let heard = Record<String>()
            let subscription = try await backplane.subscribe(to: names.testChannel(), receive: heard.receiver)
            #expect(try await backplane.publish("somebody", to: names.testChannel()) == 1)
            #expect(try await heard.first(1) == ["somebody"])
            subscription.cancel()
            try await eventually { try await backplane.publish("gone", to: names.testChannel()) == 0 }
            #expect(heard.all == ["somebody"])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func everySubscriptionOfANodeGetsAMessageOnce(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let first = Record<String>()
            let second = Record<String>()
            let subscription = try await backplane.subscribe(to: names.testChannel(), receive: first.receiver)
            _ = try await backplane.subscribe(to: names.testChannel(), receive: second.receiver)
            _ = try await backplane.publish("both", to: names.testChannel())
            #expect(try await first.first(1) == ["both"])
            #expect(try await second.first(1) == ["both"])
            subscription.cancel()
            _ = try await backplane.publish("one", to: names.testChannel())
            #expect(try await second.first(2) == ["both", "one"])
            #expect(first.all == ["both"])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aChannelHearsNothingOfAnother(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let heard = Record<String>()
            _ = try await backplane.subscribe(to: names.testChannel("one"), receive: heard.receiver)
            _ = try await backplane.publish("other", to: names.testChannel("other"))
            _ = try await backplane.publish("mine", to: names.testChannel("one"))
            #expect(try await heard.first(1) == ["mine"])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func whoeverSubscribesAgainHearsEverythingFromThen(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            for round in 1...50 {
                let heard = Record<String>()
                let subscription = try await backplane.subscribe(to: names.testChannel(), receive: heard.receiver)
                #expect(try await backplane.publish("\(round)", to: names.testChannel()) == 1)
                #expect(try await heard.first(1) == ["\(round)"])
                subscription.cancel()
            }
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func anyBytesPassUnchanged(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let heard = Record<ByteBuffer>()
            _ = try await backplane.subscribe(to: names.testChannel("a b\r\n$5\r\nü")) { event in
                if case .message(let message) = event { heard.append(message) }
            }
            let messages: [ByteBuffer] = [
                ByteBuffer(), ByteBuffer(bytes: 0...255), "\r\n$3\r\n",
                ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20),
            ]
            for message in messages {
                _ = try await backplane.publish(message, to: names.testChannel("a b\r\n$5\r\nü"))
            }
            #expect(try await heard.first(messages.count) == messages)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func completionsNeverRunOnTheStackOfTheCaller(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names async throws in
            let order = Record<String>()
            // Synchronous, so that nothing else can run on this thread in between.
            func publishAndNote() {
                for _ in 0..<100 {
                    let callerIsInside = CallerMark()
                    backplane.publish("x", to: names.testChannel()) { _ in
                        order.append(callerIsInside.isOnThisStack ? "inside" : "outside")
                    }
                    callerIsInside.leave()
                }
            }
            publishAndNote()
            #expect(try await order.first(100).allSatisfy { $0 == "outside" })
        }
    }
}
