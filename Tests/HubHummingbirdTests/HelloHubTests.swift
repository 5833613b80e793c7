import Foundation
import HubTesting
import NIOCore
import NIOWebSocket
import Testing

/// The README's program as it is built beside the tests.
@Suite(.serialized, .timeLimit(.minutes(1))) struct HelloHubTests {
    /// Runs the program on a free port while the body runs, and kills it in the end if it has not ended.
    private func withHelloHub(_ body: (Process, Int) async throws -> Void) async throws {
        let (process, port) = try await start()
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        try await body(process, port)
    }

    /// Another test's connection may take the port before the program does, which then ends at once.
    private func start(attempts: Int = 5) async throws -> (Process, Int) {
        for _ in 0..<attempts {
            let port = try await freePort()
            let process = Process()
            process.executableURL = try Self.buildDirectory().appending(path: "HelloHub")
            process.environment = ProcessInfo.processInfo.environment.merging(["PORT": "\(port)"]) { $1 }
            process.standardError = FileHandle.nullDevice
            try process.run()
            while process.isRunning {
                if (try? await testRequest("GET", "http://127.0.0.1:\(port)/")) != nil { return (process, port) }
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        throw CocoaError(.executableLoad)
    }

    /// The tests' own binary lies where the program does.
    private static func buildDirectory() throws -> URL {
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let candidates = [executable] + CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
        for candidate in candidates {
            let directory = URL(fileURLWithPath: candidate).deletingLastPathComponent()
            if FileManager.default.fileExists(atPath: directory.appending(path: "HelloHub").path) { return directory }
        }
        throw CocoaError(.fileNoSuchFile)
    }

    private func freePort() async throws -> Int {
        let listener = try await RawConnection.listenOnce()
        defer { listener.close(promise: nil) }
        return try #require(listener.localAddress?.port)
    }

    private func socketCount(_ process: Process) throws -> Int {
        let directory = "/proc/\(process.processIdentifier)/fd"
        return try FileManager.default.contentsOfDirectory(atPath: directory).count { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\(name)"))?
                .hasPrefix("socket:") ?? false
        }
    }

    @Test func saysHelloToEverybody() async throws {
        try await withHelloHub { _, port in
            let url = "http://127.0.0.1:\(port)/hello"
            let ann = try await SignalRTestClient.connect(to: url)
            let bob = try await SignalRTestClient.connect(to: url)
            try await ann.invoke("SayHello", "Ann")
            for client in [ann, bob] {
                #expect(try await client.next("hello").argument(0, as: String.self) == "Ann says hello")
                try await client.close()
            }
        }
    }

    @Test func connectionsThatCameAndWentLeaveNoSockets() async throws {
        try await withHelloHub { process, port in
            let before = try socketCount(process)
            let url = "ws://127.0.0.1:\(port)/hello"
            for round in 0..<4 {
                var webSockets: [WebSocketTestClient] = []
                for _ in 0..<25 { webSockets.append(try await WebSocketTestClient.connect(to: url)) }
                #expect(try socketCount(process) >= 25)
                for webSocket in webSockets {
                    switch round {
                    case 0: try await webSocket.close()
                    case 1: try await webSocket.halfClose()
                    case 2: await webSocket.disconnect()
                    default:
                        try await webSocket.send("{\"protocol\":\"json\",\"version\":1}\u{1E}")
                        await webSocket.disconnect()
                    }
                }
                for webSocket in webSockets { try await webSocket.waitUntilClosed() }
                while try socketCount(process) > before { try await Task.sleep(for: .milliseconds(5)) }
            }
        }
    }

    @Test func endsWithinTwoSecondsOfSIGTERM() async throws {
        try await withHelloHub { process, port in
            let url = "ws://127.0.0.1:\(port)/hello"
            var clients: [WebSocketTestClient] = []
            for _ in 0..<20 {
                let webSocket = try await WebSocketTestClient.connect(to: url)
                try await webSocket.send("{\"protocol\":\"json\",\"version\":1}\u{1E}")
                #expect(try await webSocket.next() == .text("{}\u{1E}"))
                clients.append(webSocket)
            }
            // Neither who reads nothing, nor who never sends a request, nor who never shakes hands holds it up.
            let deaf = try await WebSocketTestClient.connect(to: url)
            try await deaf.setReading(false)
            let silent = try await RawConnection.connect(port: port)
            let start = ContinuousClock.now
            process.terminate()
            for client in clients {
                #expect(try await client.next() == .text("{\"type\":7,\"allowReconnect\":true}\u{1E}"))
                #expect(try await client.closeCode() == .goingAway)
            }
            while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
            #expect(ContinuousClock.now - start < .seconds(2))
            #expect(process.terminationStatus == 0)
            await silent.close()
            await deaf.disconnect()
        }
    }
}
