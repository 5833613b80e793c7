import Foundation
import Synchronization

/// A `redis-server` of its own for a test, on a free port of the loopback interface, without persistence.
///
/// It ends when it is released and, whatever happens, with the test process.
public final class RedisServer: Sendable {
    private let arguments: [String]
    private let password: String?
    private let process: Mutex<WatchedProcess>
    /// The port it listens on, the same after a restart.
    public let port: Int

    /// Where it is, with the password of the default user.
    public var url: String { "redis://\(password.map { ":\($0)@" } ?? "")127.0.0.1:\(port)" }

    /// Starts a server and waits until it answers.
    ///
    /// - Parameters:
    ///   - password: The password of the default user.
    ///   - users: Rules of further users in the form of Redis' `user` directive: `alice on >secret ~* &* +@all`.
    ///   - arguments: Further arguments of `redis-server`.
    public static func start(
        password: String? = nil, users: [String] = [], arguments: [String] = []
    ) async throws -> RedisServer {
        var settings = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
        if let password { settings += ["--requirepass", password] }
        for user in users {
            settings += ["--user"] + user.split(separator: " ").map(String.init)
        }
        // Another process may take the port between the moment it was found free and the server's start.
        var attempts = 0
        while true {
            attempts += 1
            do {
                return try await RedisServer(
                    port: LoopbackSocket.freePort(), password: password, arguments: settings + arguments)
            } catch  where attempts < 5 {
                continue
            }
        }
    }

    private init(port: Int, password: String?, arguments: [String]) async throws {
        self.port = port
        self.password = password
        self.arguments = ["redis-server", "--bind", "127.0.0.1", "--port", "\(port)"] + arguments
        self.process = Mutex(try WatchedProcess(self.arguments))
        try await waitUntilReady()
    }

    deinit { process.withLock { $0.end() } }

    /// Freezes the server (SIGSTOP): connections stay open and nothing is answered.
    public func pause() { process.withLock { $0.signal(SIGSTOP) } }

    /// Lets a frozen server go on (SIGCONT).
    public func resume() { process.withLock { $0.signal(SIGCONT) } }

    /// Ends the server at once (SIGKILL); all data are gone.
    public func kill() { process.withLock { $0.end() } }

    /// Starts an ended server again on the same port, empty, and waits until it answers.
    public func restart() async throws {
        try process.withLock { process in
            process.end()
            process = try WatchedProcess(arguments)
        }
        try await waitUntilReady()
    }

    /// Sends a command and returns the reply as it stands on the wire.
    @discardableResult
    public func command(_ arguments: String...) throws -> String {
        let socket = try LoopbackSocket(port: port)
        if let password { _ = try socket.send(["AUTH", password]) }
        return try socket.send(arguments)
    }

    private func waitUntilReady() async throws {
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            if let answer = try? command("PING"), answer.hasPrefix("+PONG") { return }
            guard process.withLock({ $0.isRunning }) else { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        process.withLock { $0.end() }
        throw RedisServerError(description: "redis-server did not become ready; is it installed?")
    }
}

/// Why a server could not be started or used.
public struct RedisServerError: Error, CustomStringConvertible {
    public let description: String
}
