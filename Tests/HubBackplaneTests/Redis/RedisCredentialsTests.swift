import HubBackplane
import HubBackplaneRedis
import HubTesting
import Logging
import NIOCore
import Synchronization
import Testing

@Suite("Credentials that change", .timeLimit(.minutes(1)))
struct RedisCredentialsTests {
    private static let user = "6ce3b8f4-1c2d-4f6a-9b0e-2d3c4b5a6978"

    private func server() async throws -> RedisServer {
        try await RedisServer.start(password: "admin", users: ["\(Self.user) on >one ~* &* +@all"])
    }

    private func configuration(_ server: RedisServer, _ vault: ScriptedCredentials) -> RedisConfiguration {
        RedisConfiguration(
            port: server.port,
            credentials: .changing(checkInterval: .milliseconds(10)) { refused in vault.read(refused: refused) })
    }

    private static func connections(of server: RedisServer) throws -> [String: String] {
        let list = try server.command("CLIENT", "LIST").split(whereSeparator: \.isNewline).filter {
            $0.contains("user=\(user)")
        }
        let pairs = list.compactMap { line -> (String, String)? in
            let fields = line.split(separator: " ")
            guard let name = fields.first(where: { $0.hasPrefix("name=") })?.split(separator: "-").last,
                let id = fields.first(where: { $0.hasPrefix("id=") })
            else { return nil }
            return (String(name), String(id))
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    @Test func aReplacedPasswordReachesAllConnectionsAndNoMessageIsLostOrDoubled() async throws {
        let server = try await server()
        let vault = ScriptedCredentials(username: Self.user, passwords: ["one"])
        let (sent, heard, events) = try await withConnected(configuration(server, vault)) { backplane, names in
            let heard = Record<Int>()
            let events = Record<String>()
            _ = try await backplane.subscribe(to: names.testChannel()) { event in
                switch event {
                case .message(let message): heard.append(Int(String(buffer: message)) ?? -1)
                case .resubscribed: events.append("resubscribed")
                }
            }
            for number in 0..<2000 { _ = try await backplane.subscribe(to: names.connection("\(number)")) { _ in } }
            backplane.observeState { events.append("\($0)") }
            try await eventually { try Self.connections(of: server).count == 4 }
            let before = try Self.connections(of: server)
            #expect(before.keys.sorted() == ["commands", "leases", "reads", "subscriber"])

            let isDone = Mutex(false)
            let publishing = Task {
                var sent = 0
                while !isDone.withLock({ $0 }) {
                    sent += 1
                    let number = ByteBuffer(string: "\(sent)")
                    backplane.publish(number, to: names.testChannel(), completion: { _ in })
                    if sent % 20 == 0 { try await Task.sleep(for: .microseconds(200)) }
                }
                return sent
            }
            for password in ["two", "three"] {
                let subscriber = try Self.connections(of: server)["subscriber"]
                // The two-key pattern: both passwords are good while the change is on its way.
                try server.command("ACL", "SETUSER", Self.user, ">\(password)")
                vault.set([password])
                try await eventually {
                    let now = try Self.connections(of: server)["subscriber"]
                    return now != nil && now != subscriber
                }
            }
            try server.command("ACL", "SETUSER", Self.user, "<one", "<two")
            isDone.withLock { $0 = true }
            let sent = try await publishing.value
            try await eventually { heard.all.last == sent }

            let after = try Self.connections(of: server)
            #expect(after.keys.sorted() == before.keys.sorted())
            for role in ["commands", "leases", "reads"] { #expect(after[role] == before[role]) }
            // What was subscribed before and what is subscribed now is served by the new connection.
            #expect(try await backplane.publish("x", to: names.connection("7")) == 1)
            _ = try await backplane.subscribe(to: names.testChannel("later"), receive: events.receiver)
            _ = try await backplane.publish("later", to: names.testChannel("later"))
            try await eventually { events.all.last == "later" }
            return (sent, heard.all, events.all)
        }
        #expect(heard == Array(1...sent))
        #expect(events == ["later"])
        #expect(!vault.refused.contains { $0 != nil })
    }

    @Test func aRefusedPasswordIsReadAgainBeforeTheConnectionFails() async throws {
        let server = try await server()
        let vault = ScriptedCredentials(username: Self.user, passwords: ["old", "one"])
        try await withConnected(configuration(server, vault)) { backplane, _ async throws in
            #expect(try await backplane.time() > 0)
        }
        #expect(vault.refused.contains("old"))
    }

    @Test func connectionsThatWereClosedComeBackWithTheNewPassword() async throws {
        let server = try await server()
        let vault = ScriptedCredentials(username: Self.user, passwords: ["one"])
        try await withConnected(configuration(server, vault)) { backplane, names in
            let heard = Record<String>()
            _ = try await backplane.subscribe(to: names.testChannel(), receive: heard.receiver)
            try server.command("ACL", "SETUSER", Self.user, "resetpass", ">two")
            vault.set(["two"])
            try server.command("CLIENT", "KILL", "USER", Self.user)
            try await eventually { heard.all.contains("resubscribed") && backplane.isReady }
            // The connection for commands may be the last to be found closed.
            try await eventually { (try? await backplane.publish("after", to: names.testChannel())) == 1 }
            try await eventually { heard.all.last == "after" }
        }
    }

    @Test func aPasswordThatRedisDoesNotTakeYetDisturbsNoConnection() async throws {
        let server = try await server()
        let vault = ScriptedCredentials(username: Self.user, passwords: ["one"])
        let log = Record<String>()
        try await withConnected(configuration(server, vault), log: log) { backplane, names in
            try await eventually { try Self.connections(of: server).count == 4 }
            let before = try Self.connections(of: server)
            vault.set(["early"])
            try await eventually { log.all.contains { $0.contains("was not shown new credentials") } }
            #expect(backplane.isReady)
            #expect(try await backplane.time() > 0)
            #expect(try Self.connections(of: server) == before)
            try server.command("ACL", "SETUSER", Self.user, ">early")
            try await eventually { try Self.connections(of: server)["subscriber"] != before["subscriber"] }
        }
        #expect(log.all.allSatisfy { !$0.contains("early") && !$0.contains("one\"") })
    }

    @Test func aConnectionThatWaitsForAsksIsTold() async throws {
        let server = try await server()
        let vault = ScriptedCredentials(username: Self.user, passwords: ["one"])
        try await withConnected(configuration(server, vault)) { backplane, names in
            let waiting = Task { try await backplane.take(1, from: names.asks, consumer: "a", wait: .seconds(20)) }
            try await eventually { try Self.connections(of: server)["queue"] != nil }
            try server.command("ACL", "SETUSER", Self.user, ">two")
            vault.set(["two"])
            try await eventually { try server.command("CLIENT", "LIST").contains("cmd=auth") || vault.count > 20 }
            try await backplane.enqueue("ask", on: names.asks)
            #expect(try await waiting.value.count == 1)
        }
    }

    private func withConnected<Result>(
        _ configuration: RedisConfiguration, log: Record<String> = Record(),
        _ body: (RedisBackplane, BackplaneNames) async throws -> Result
    ) async throws -> Result {
        let node = NodeID()
        let backplane = RedisBackplane(
            configuration: configuration, names: BackplaneNames(app: node.rawValue), node: node,
            logger: Logger(label: "test", factory: { _ in RecordingLogHandler(record: log) }))
        backplane.start()
        do {
            try await eventually { backplane.isReady }
            let result = try await body(backplane, BackplaneNames(app: node.rawValue))
            await backplane.shutdown()
            return result
        } catch {
            await backplane.shutdown()
            throw error
        }
    }
}

/// Passwords in their order: the next one is had by whoever tells that the first was refused.
private final class ScriptedCredentials: Sendable {
    private struct State {
        var passwords: [String]
        var refused: [String?] = []
        var count = 0
    }

    private let username: String
    private let state: Mutex<State>

    init(username: String, passwords: [String]) {
        self.username = username
        state = Mutex(State(passwords: passwords))
    }

    /// The passwords that were told to be refused.
    var refused: [String?] { state.withLock { $0.refused } }
    var count: Int { state.withLock { $0.count } }

    func set(_ passwords: [String]) { state.withLock { $0.passwords = passwords } }

    func read(refused: RedisCredentials?) -> RedisCredentials {
        state.withLock { state in
            state.count += 1
            if let refused {
                state.refused.append(refused.password)
                if refused.password == state.passwords[0], state.passwords.count > 1 { state.passwords.removeFirst() }
            }
            return RedisCredentials(username: username, password: state.passwords[0])
        }
    }
}
