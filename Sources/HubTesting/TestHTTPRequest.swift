import NIOCore
import NIOHTTP1
import NIOPosix

/// A plain HTTP response, as a test sees it.
public struct TestHTTPResponse: Sendable {
    public let status: Int
    public let headers: [(name: String, value: String)]
    public let body: String

    /// The first header of this name, without regard to case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Sends one HTTP/1.1 request on a connection of its own.
///
/// - Throws: When there is no complete response.
public func testRequest(
    _ method: String, _ url: String, headers: [(String, String)] = [], body: String = ""
) async throws -> TestHTTPResponse {
    let url = try TestURL(url)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connectTimeout(.seconds(10))
        .connect(host: url.host, port: url.port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                    wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: url.target)
        head.headers.add(name: "Host", value: url.authority)
        head.headers.add(name: "Connection", value: "close")
        head.headers.add(name: "Content-Length", value: "\(body.utf8.count)")
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        var request: [HTTPClientRequestPart] = [.head(head)]
        if !body.isEmpty { request.append(.body(.byteBuffer(ByteBuffer(string: body)))) }
        // At once: a server that is quick has answered and closed before an end that has no bytes would be written.
        try await outbound.write(contentsOf: request + [.end(nil)])

        var status: HTTPResponseHead?
        var received = ByteBuffer()
        for try await part in inbound {
            switch part {
            case .head(let head): status = head
            case .body(let bytes): received.writeImmutableBuffer(bytes)
            case .end:
                guard let status else { throw ChannelError.eof }
                return TestHTTPResponse(
                    status: Int(status.status.code), headers: status.headers.map { ($0.name, $0.value) },
                    body: String(buffer: received))
            }
        }
        throw ChannelError.eof
    }
}
