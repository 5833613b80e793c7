import Foundation
import HubBackplane
import Logging
import Testing

@testable import HubServer

@Suite struct HubOptionsTests {
    static let bad: [(String, @Sendable (inout HubOptions) -> Void)] = [
        ("handshakeTimeout", { $0.handshakeTimeout = .zero }),
        ("keepAliveInterval", { $0.keepAliveInterval = .seconds(-1) }),
        ("keepAliveInterval", { $0.keepAliveInterval = .seconds(31) }),
        ("clientTimeoutInterval", { $0.clientTimeoutInterval = .zero }),
        ("clientTimeoutInterval", { $0.clientTimeoutInterval = .seconds(14) }),
        ("clientResultTimeout", { $0.clientResultTimeout = .zero }),
        ("transportSendTimeout", { $0.transportSendTimeout = .zero }),
        ("pollTimeout", { $0.pollTimeout = .zero }), ("disconnectTimeout", { $0.disconnectTimeout = .zero }),
        ("relayTimeout", { $0.relayTimeout = .zero }), ("closeTimeout", { $0.closeTimeout = .milliseconds(-5) }),
        ("goingAwayTimeout", { $0.goingAwayTimeout = .zero }),
        ("shutdownTimeout", { $0.shutdownTimeout = .zero }),
        ("maximumReceiveMessageSize", { $0.maximumReceiveMessageSize = 0 }),
        ("maximumParallelInvocationsPerClient", { $0.maximumParallelInvocationsPerClient = 0 }),
        ("maximumParallelStreamsPerClient", { $0.maximumParallelStreamsPerClient = -1 }),
        ("streamBufferCapacity", { $0.streamBufferCapacity = 0 }),
        ("maximumOutboxSize", { $0.maximumOutboxSize = 0 }),
        ("applicationMaxBufferSize", { $0.applicationMaxBufferSize = 0 }),
        ("transportMaxBufferSize", { $0.transportMaxBufferSize = 0 }),
        ("statefulReconnectBufferSize", { $0.statefulReconnectBufferSize = 0 }),
        ("supportedProtocols", { $0.supportedProtocols = [] }),
        ("supportedProtocols", { $0.supportedProtocols = ["json", "xml"] }),
    ]

    @Test func theDefaultsAreGood() { #expect(HubOptions().problem == nil) }

    @Test(arguments: bad.indices) func whatCannotBeIsTold(index: Int) throws {
        var options = HubOptions()
        Self.bad[index].1(&options)
        #expect(try #require(options.problem).contains(Self.bad[index].0))
    }

    @Test func aServerIsNotMadeWithThem() async throws {
        let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            // Swift's backtrace of a crash takes seconds of both cores, in which other tests run.
            for number in [SIGTRAP, SIGILL] { signal(number, SIG_DFL) }
            var options = HubOptions()
            options.streamBufferCapacity = 0
            _ = HubServer(
                backplane: InMemoryBackplane(), names: BackplaneNames(app: "tests"), options: options,
                logger: Logger(label: "test"))
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(text.contains("HubOptions: streamBufferCapacity must be at least 1"))
    }
}
