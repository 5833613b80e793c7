import NIOCore
import NIOPosix
import Testing

@testable import HubBackplaneRedis

@Suite struct RedisUnreachableTests {
    /// Port 1 is nobody's: one that was free a moment ago may be another test's by now.
    @Test func tellsTheSystemsReason() async throws {
        let error = await #expect(throws: NIOConnectionError.self) {
            _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: 1).get()
        }
        #expect(RedisUnreachable(try #require(error)).description == "127.0.0.1:1: Connection refused")
    }
}
