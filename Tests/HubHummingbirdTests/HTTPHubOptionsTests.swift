import Foundation
import HubBackplane
import HubServer
import Logging
import Testing

@testable import HubHummingbird

@Suite(.timeLimit(.minutes(1))) struct HTTPHubOptionsTests {
    static let bad: [(String, @Sendable (inout HTTPHubOptions) -> Void)] = [
        ("postTimeout", { $0.postTimeout = .zero }), ("connectTimeout", { $0.connectTimeout = .seconds(-1) }),
        ("maximumPostSize", { $0.maximumPostSize = 0 }), ("largePostBufferSize", { $0.largePostBufferSize = -1 }),
        ("limits.maximumConnections", { $0.limits.maximumConnections = 0 }),
        ("limits.maximumConnectionsPerAddress", { $0.limits.maximumConnectionsPerAddress = -1 }),
        (
            "limits.negotiateRate.perSecond",
            {
                $0.limits.negotiateRate = .init(perSecond: 1)
                $0.limits.negotiateRate?.perSecond = 0
            }
        ),
        ("limits.negotiateRatePerAddress", { $0.limits.negotiateRatePerAddress = .init(perSecond: .infinity) }),
        (
            "limits.connectRate.burst",
            {
                $0.limits.connectRate = .init(perSecond: 1)
                $0.limits.connectRate?.burst = 0
            }
        ),
        ("limits.connectRatePerAddress", { $0.limits.connectRatePerAddress = .init(perSecond: .infinity) }),
        ("transports", { $0.transports = [] }), ("minimumProtocolVersion", { $0.minimumProtocolVersion = 2 }),
        ("minimumProtocolVersion", { $0.minimumProtocolVersion = -1 }),
        ("clusterSecret", { $0.clusterSecret = RotatingSecret(Array("short".utf8)) }),
    ]

    @Test func theDefaultsAreGood() { #expect(HTTPHubOptions().problem == nil) }

    @Test(arguments: bad.indices) func whatCannotBeIsTold(index: Int) throws {
        var options = HTTPHubOptions()
        Self.bad[index].1(&options)
        #expect(try #require(options.problem).hasPrefix(Self.bad[index].0))
    }

    @Test func aServerDoesNotStartWithWhatCannotBe() async throws {
        let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            // Swift's backtrace of a crash takes seconds of both cores, in which other tests run.
            for number in [SIGTRAP, SIGILL] { signal(number, SIG_DFL) }
            var options = HTTPHubOptions()
            options.postTimeout = .zero
            let server = HubServer(
                backplane: InMemoryBackplane(), names: BackplaneNames(app: "tests"),
                logger: Logger(label: "tests"))
            _ = HTTPHubs(server: server, options: options)
        }
        let told = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(told.contains("HTTPHubOptions: postTimeout must be longer than 0"))
    }
}
