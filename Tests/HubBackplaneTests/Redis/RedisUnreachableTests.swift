import NIOCore
import NIOPosix
import Testing

@testable import HubBackplaneRedis

@Suite struct RedisUnreachableTests {
    @Test func tellsTheSystemsReason() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        try await server.close()
        let error = await #expect(throws: NIOConnectionError.self) {
            _ = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port).get()
        }
        #expect(RedisUnreachable(try #require(error)).description == "127.0.0.1:\(port): Connection refused")
    }
}
