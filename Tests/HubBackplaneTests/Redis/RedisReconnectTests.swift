import HubBackplane
import HubBackplaneRedis
import HubTesting
import NIOCore
import Testing

@Suite("A Redis that goes away", .timeLimit(.minutes(1)))
struct RedisReconnectTests {
    @Test func afterARestartEverySubscriptionIsBackAndTold() async throws {
        let server = try await RedisServer.start()
        try await withRedisBackplane(RedisConfiguration(url: server.url)) { backplane, names in
            let states = Record<BackplaneState>()
            backplane.observeState { states.append($0) }
            let heard = Record<String>()
            _ = try await backplane.subscribe(to: names.testChannel(), receive: heard.receiver)
            _ = try await backplane.publish("before", to: names.testChannel())

            server.kill()
            #expect(try await states.first(1) == [.away])
            #expect(!backplane.isReady)
            await #expect(throws: BackplaneError.self) { try await backplane.publish("lost", to: names.testChannel()) }
            await #expect(throws: BackplaneError.self) {
                try await backplane.subscribe(to: names.testChannel("other")) { _ in }
            }

            try await server.restart()
            #expect(try await states.first(2) == [.away, .ready])
            #expect(heard.all == ["before", "resubscribed"])
            #expect(try await backplane.publish("after", to: names.testChannel()) == 1)
            #expect(try await heard.first(3) == ["before", "resubscribed", "after"])
        }
    }

    @Test func commandsFailAtOnceWhileRedisIsAway() async throws {
        let server = try await RedisServer.start()
        try await withRedisBackplane(RedisConfiguration(url: server.url)) { backplane, names in
            server.kill()
            try await eventually {
                let error = await #expect(throws: BackplaneError.self) { try await backplane.time() }
                return error?.code == .unavailable
            }
            let time = await ContinuousClock().measure {
                for _ in 0..<100 {
                    let error = await #expect(throws: BackplaneError.self) {
                        try await backplane.append(names.stream("s").entry(1, 0, "x", creates: true))
                    }
                    #expect(error?.code == .unavailable)
                }
                await #expect(throws: BackplaneError.self) {
                    try await backplane.take(1, from: names.asks, consumer: "a", wait: .seconds(60))
                }
            }
            #expect(time < RedisConfiguration().commandTimeout)
        }
    }

    @Test func aKilledSubscriberConnectionIsResubscribed() async throws {
        let server = try await RedisServer.start()
        try await withRedisBackplane(RedisConfiguration(url: server.url)) { backplane, names in
            let heard = Record<String>()
            _ = try await backplane.subscribe(to: names.testChannel(), receive: heard.receiver)
            for round in 1...3 {
                #expect(try server.command("CLIENT", "KILL", "TYPE", "pubsub") == ":1\r\n")
                #expect(try await heard.first(2 * round - 1).last == "resubscribed")
                try await eventually { backplane.isReady }
                _ = try await backplane.publish("\(round)", to: names.testChannel())
                #expect(try await heard.first(2 * round).last == "\(round)")
            }
        }
    }

    @Test func tenThousandChannelsAreSubscribedAgain() async throws {
        let server = try await RedisServer.start()
        try await withRedisBackplane(RedisConfiguration(url: server.url)) { backplane, names in
            let heard = Record<Int>()
            let resubscribed = Record<Int>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<10_000 {
                    group.addTask {
                        _ = try await backplane.subscribe(to: names.connection("\(number)")) { event in
                            switch event {
                            case .message: heard.append(number)
                            case .resubscribed: resubscribed.append(number)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try server.command("CLIENT", "KILL", "TYPE", "pubsub")
            #expect(try await resubscribed.first(10_000).sorted() == Array(0..<10_000))
            try await eventually { backplane.isReady }
            for number in 0..<10_000 {
                backplane.publish("x", to: names.connection("\(number)")) { _ in }
            }
            #expect(try await heard.first(10_000).sorted() == Array(0..<10_000))
        }
    }

    @Test func aFrozenRedisIsLeftAfterTheDeadline() async throws {
        let server = try await RedisServer.start()
        var configuration = try RedisConfiguration(url: server.url)
        configuration.commandTimeout = .milliseconds(400)
        configuration.connectTimeout = .milliseconds(400)
        try await withRedisBackplane(configuration) { backplane, names in
            let stream = names.stream("s")
            _ = try await backplane.append(stream.entry(1, 0, "open", creates: true))
            server.pause()
            let clock = ContinuousClock()
            let start = clock.now
            let error = await #expect(throws: BackplaneError.self) {
                try await backplane.append(stream.entry(1, 1, "text"))
            }
            #expect(error?.code == .timeout)
            #expect(clock.now - start >= .milliseconds(400))
            #expect(clock.now - start < .seconds(5))
            server.resume()
            try await eventually { backplane.isReady }
            // The frozen server may have carried it out after all.
            let outcome = try await backplane.append(stream.entry(1, 1, "text"))
            #expect(outcome == .refused || outcome == .accepted)
            #expect(try await backplane.read(stream.log, after: nil).entries.map(\.payload) == ["open", "text"])
        }
    }

    @Test func aBlockingReadGoesOnAfterARestart() async throws {
        let server = try await RedisServer.start()
        try await withRedisBackplane(RedisConfiguration(url: server.url)) { backplane, names in
            try await backplane.enqueue("one", on: names.asks)
            let first = try await backplane.take(1, from: names.asks, consumer: "a", wait: .seconds(5))
            #expect(first.map(\.payload) == ["one"])
            try await server.restart()
            // That the connection is lost may be found out with the first command.
            try await eventually { (try? await backplane.enqueue("two", on: names.asks)) != nil }
            try await eventually {
                let taken = try? await backplane.take(1, from: names.asks, consumer: "a", wait: .seconds(5))
                return taken?.map(\.payload) == ["two"]
            }
        }
    }

    @Test func appendsGoOnThroughARestartAndNoneIsAnsweredTwice() async throws {
        let server = try await RedisServer.start()
        try await withRedisBackplane(RedisConfiguration(url: server.url)) { backplane, names in
            let answers = Record<Int>()
            let stream = names.stream("s")
            for number in 0..<20_000 {
                if number == 10_000 { server.kill() }
                backplane.append(stream.entry(1, UInt64(number), "x", creates: true)) { _ in answers.append(number) }
            }
            #expect(try await answers.first(20_000).sorted() == Array(0..<20_000))
            try await server.restart()
            try await eventually { backplane.isReady }
            #expect(try await backplane.append(stream.entry(2, 0, "x", creates: true)) == .accepted)
            #expect(answers.count == 20_000)
        }
    }

    @Test func afterShutdownEverythingIsClosed() async throws {
        let server = try await SharedRedis.server.value
        let backplane = try RedisBackplane(
            configuration: RedisConfiguration(url: server.url), names: BackplaneNames(app: "closed"), node: NodeID(),
            logger: .silent)
        let names = BackplaneNames(app: "closed")
        backplane.start()
        try await eventually { backplane.isReady }
        let answered = Record<Bool>()
        for _ in 0..<1000 {
            backplane.publish("x", to: names.testChannel()) { answered.append((try? $0.get()) != nil) }
        }
        await backplane.shutdown()
        #expect(answered.all == Array(repeating: true, count: 1000))
        #expect(!backplane.isReady)
        let error = await #expect(throws: BackplaneError.self) { try await backplane.time() }
        #expect(error?.code == .closed)
        let subscribing = await #expect(throws: BackplaneError.self) {
            try await backplane.subscribe(to: names.testChannel()) { _ in }
        }
        #expect(subscribing?.code == .closed)
    }
}
