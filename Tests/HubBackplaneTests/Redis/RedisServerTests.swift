import HubBackplane
import HubBackplaneRedis
import HubTesting
import Logging
import NIOCore
import ServiceLifecycle
import Testing

@testable import enum HubBackplaneRedis.ConditionalAppend

@Suite("A real Redis", .timeLimit(.minutes(1)))
struct RedisServerTests {
    @Test func userPasswordAndDatabaseAreUsed() async throws {
        let server = try await RedisServer.start(
            password: "default secret", users: ["alice on >s%C3%A4same/1 ~* &* +@all"])
        var configuration = try RedisConfiguration(url: "redis://alice:s%25C3%25A4same%2F1@127.0.0.1:\(server.port)/5")
        try await withRedisBackplane(configuration) { backplane, names in
            let key = names.connectionClaim("c")
            _ = try await backplane.set(key, to: "here", timeToLive: .seconds(60), onlyIfAbsent: false)
            #expect(try server.command("INFO", "keyspace").contains("db5:keys=1"))
            #expect(try server.command("CLIENT", "LIST").contains("user=alice"))
            configuration.database = 6
            try await withRedisBackplane(configuration, names: names) { other, _ async throws in
                #expect(try await other.get(key) == nil)
            }
        }
        configuration = try RedisConfiguration(url: "redis://:default%20secret@127.0.0.1:\(server.port)")
        try await withRedisBackplane(configuration) { backplane, _ async throws in
            #expect(try await backplane.time() > 0)
        }
    }

    @Test(arguments: ["redis://:wrong@", "redis://", "redis://nobody:sesame@"])
    func aWrongPasswordIsLoggedWithoutIt(prefix: String) async throws {
        let server = try await RedisServer.start(password: "sesame")
        let log = Record<String>()
        let backplane = try RedisBackplane(
            configuration: RedisConfiguration(url: "\(prefix)127.0.0.1:\(server.port)"),
            names: BackplaneNames(app: "test"), node: NodeID(),
            logger: Logger(label: "test", factory: { _ in RecordingLogHandler(record: log) }))
        backplane.start()
        let lines = try await log.first(3)
        #expect(lines.allSatisfy { $0.contains("WRONGPASS") || $0.contains("NOAUTH") })
        #expect(lines.allSatisfy { !$0.contains("wrong") && !$0.contains("sesame") })
        #expect(!backplane.isReady)
        let error = await #expect(throws: BackplaneError.self) { try await backplane.time() }
        #expect(error?.code == .unavailable)
        await backplane.shutdown()
    }

    @Test func anotherMemoryPolicyThanNoevictionIsWarnedOf() async throws {
        let server = try await RedisServer.start()
        try server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        let log = Record<String>()
        let backplane = try RedisBackplane(
            configuration: RedisConfiguration(url: server.url), names: BackplaneNames(app: "test"), node: NodeID(),
            logger: Logger(label: "test", factory: { _ in RecordingLogHandler(record: log) }))
        backplane.start()
        try await eventually { log.all.contains { $0.contains("noeviction") && $0.contains("allkeys-lru") } }
        await backplane.shutdown()
    }

    @Test func aFullRedisRefusesAppends() async throws {
        let server = try await RedisServer.start()
        try await withRedisBackplane(RedisConfiguration(url: server.url)) { backplane, names in
            let stream = names.stream("s")
            _ = try await backplane.append(stream.entry(1, 0, "open", creates: true))
            try server.command("CONFIG", "SET", "maxmemory", "1")
            let plain = await #expect(throws: BackplaneError.self) {
                try await backplane.append(stream.entry(1, 1, "text"))
            }
            #expect(plain?.code == .outOfMemory)
            let conditional = await #expect(throws: BackplaneError.self) {
                try await backplane.append(stream.entry(2, 0, "text"), ifLastIs: LogID(epoch: 1, seq: 0))
            }
            #expect(conditional?.code == .outOfMemory)
            try server.command("CONFIG", "SET", "maxmemory", "0")
            #expect(try await backplane.append(stream.entry(1, 2, "text")) == .accepted)
        }
    }

    /// However much is read, appends and leases do not wait behind it. Redis knows each connection by its last command.
    @Test func logsAreReadOnAConnectionOfTheirOwn() async throws {
        let server = try await RedisServer.start()
        try await withRedisBackplane(RedisConfiguration(url: server.url)) { backplane, names in
            let stream = names.stream("s")
            _ = try await backplane.append(stream.entry(1, 0, "open", creates: true))
            _ = try await backplane.read(stream.log, after: nil)
            _ = try await backplane.append(stream.entry(1, 1, "text"))
            try await backplane.renewLease(of: NodeID(), count: 1, timeToLive: .seconds(60))
            let clients = try server.command("CLIENT", "LIST")
            for command in ["xrange", "publish", "pexpire"] { #expect(clients.contains("cmd=\(command) ")) }
        }
    }

    @Test func everySubscribedNodeCounts() async throws {
        let server = try await RedisServer.start()
        let configuration = try RedisConfiguration(url: server.url)
        try await withRedisBackplane(configuration) { one, names in
            try await withRedisBackplane(configuration, names: names) { two, _ in
                let first = Record<String>()
                let second = Record<String>()
                _ = try await one.subscribe(to: names.testChannel(), receive: first.receiver)
                _ = try await two.subscribe(to: names.testChannel(), receive: second.receiver)
                _ = try await two.subscribe(to: names.testChannel(), receive: second.receiver)
                #expect(try await one.publish("all", to: names.testChannel()) == 2)
                #expect(try await first.first(1) == ["all"])
                #expect(try await second.first(2) == ["all", "all"])
            }
        }
    }

    @Test func anIdleChannelIsGivenUpAndCanBeSubscribedAgain() async throws {
        let server = try await RedisServer.start()
        try await withRedisBackplane(RedisConfiguration(url: server.url)) { backplane, names in
            let subscription = try await backplane.subscribe(to: names.testChannel()) { _ in }
            subscription.cancel()
            let numsub = "*2\r\n$\(names.testChannel().rawValue.utf8.count)\r\n\(names.testChannel())\r\n"
            #expect(try server.command("PUBSUB", "NUMSUB", names.testChannel().rawValue) == numsub + ":1\r\n")
            try await eventually {
                try server.command("PUBSUB", "NUMSUB", names.testChannel().rawValue) == numsub + ":0\r\n"
            }
            let heard = Record<String>()
            _ = try await backplane.subscribe(to: names.testChannel(), receive: heard.receiver)
            #expect(try await backplane.publish("again", to: names.testChannel()) == 1)
            #expect(try await heard.first(1) == ["again"])
        }
    }

    @Test func theScriptIsKnownByItsDigest() async throws {
        let server = try await SharedRedis.server.value
        let digest = ConditionalAppend.digest
        #expect(try server.command("SCRIPT", "LOAD", ConditionalAppend.script) == "$40\r\n\(digest)\r\n")
    }

    @Test func aDeletedQueueIsCreatedAgain() async throws {
        let server = try await RedisServer.start()
        try await withRedisBackplane(RedisConfiguration(url: server.url)) { backplane, names in
            #expect(try await backplane.take(1, from: names.asks, consumer: "a", wait: .milliseconds(10)).isEmpty)
            let waiting = Task { try await backplane.take(1, from: names.asks, consumer: "a", wait: .seconds(20)) }
            try await eventually { try server.command("CLIENT", "LIST").contains("cmd=xreadgroup") }
            try server.command("DEL", names.asks.rawValue)
            try await backplane.enqueue("after", on: names.asks)
            #expect(try await waiting.value.map(\.payload) == ["after"])
        }
    }

    /// Redis keeps what a group's consumers have acknowledged.
    @Test func whatIsAcknowledgedLeavesTheQueue() async throws {
        try await withBackplane(.redis) { backplane, names in
            for number in 0..<3 { try await backplane.enqueue("\(number)", on: names.asks) }
            let taken = try await backplane.take(2, from: names.asks, consumer: "a", wait: nil)
            let server = try await SharedRedis.server.value
            #expect(try server.command("XLEN", names.asks.rawValue) == ":3\r\n")
            try await backplane.acknowledge(taken.map(\.id), on: names.asks)
            #expect(try server.command("XLEN", names.asks.rawValue) == ":1\r\n")
        }
    }

    @Test func asAServiceItRunsUntilItIsAskedToStop() async throws {
        let server = try await SharedRedis.server.value
        let backplane = try RedisBackplane(
            configuration: RedisConfiguration(url: server.url), names: BackplaneNames(app: "service"), node: NodeID(),
            logger: .silent)
        let group = ServiceGroup(services: [backplane], logger: .silent)
        async let running: Void = group.run()
        try await eventually { backplane.isReady }
        await group.triggerGracefulShutdown()
        try await running
        #expect(!backplane.isReady)
    }
}

/// Notes each line with its metadata.
struct RecordingLogHandler: LogHandler {
    let record: Record<String>
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        record.append("\(event.message) \(metadata) \(event.metadata ?? [:])")
    }
}
