import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import AzureIdentity

@Suite(.timeLimit(.minutes(1))) struct HTTPClientTransportTests {
    /// Runs a server on loopback that takes connections and says nothing.
    private func withSilentServer(_ body: (Int) async throws -> Void) async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        defer { listener.close(promise: nil) }
        try await body(try #require(listener.localAddress?.port))
    }

    private func failure(_ url: String, timeout: Duration = .milliseconds(200)) async -> TransportFailure? {
        let request = IdentityRequest(url: url, timeout: timeout)
        let transport = HTTPClientTransport(tlsConfiguration: .makeClientConfiguration())
        do {
            _ = try await transport.send(request)
            return nil
        } catch {
            return error as? TransportFailure
        }
    }

    @Test func whoSaysNothingIsNotWaitedForForEver() async throws {
        try await withSilentServer { port in
            #expect(await failure("http://127.0.0.1:\(port)/") == .timeout)
            let tls = await failure("https://127.0.0.1:\(port)/")
            #expect(tls == .timeout || tls == .unreachable)
            let pinned = try #require(PinnedTransport(thumbprint: String(repeating: "0", count: 40)))
            await #expect(throws: TransportFailure.timeout) {
                _ = try await pinned.send(
                    IdentityRequest(url: "https://127.0.0.1:\(port)/", timeout: .milliseconds(200)))
            }
        }
    }

    @Test func whereNobodyListensIsUnreachable() async throws {
        // No free port: another test may be given one that was just closed.
        #expect(await failure("http://127.0.0.1:1/", timeout: .seconds(5)) == .unreachable)
    }

    @Test(arguments: ["", "nonsense", "ftp://127.0.0.1/", "http://", "unix:///x"])
    func whatIsNoAddressIsNotAsked(url: String) async {
        #expect(await failure(url) == .badURL)
    }

    @Test func whoGivesUpIsNotKept() async throws {
        try await withSilentServer { port in
            let task = Task {
                try await HTTPClientTransport(tlsConfiguration: .makeClientConfiguration()).send(
                    IdentityRequest(url: "http://127.0.0.1:\(port)/", timeout: .seconds(50)))
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
        }
    }
}
