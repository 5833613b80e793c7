import Crypto
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Requests to a server that is known by the SHA-1 thumbprint of its certificate instead of by an authority: the nodes of Service
/// Fabric, whose certificates are self-signed.
///
/// AsyncHTTPClient lets nobody look at certificates, so this is NIO's own client; a connection for each request is no burden,
/// as there is one every few hours.
struct PinnedTransport: IdentityTransport {
    let thumbprint: [UInt8]

    /// Nil unless the text has forty hexadecimal digits; spaces and colons between them do not count.
    init?(thumbprint text: String) {
        let digits = text.utf8.filter { !" \t\r\n:".utf8.contains($0) }
        guard digits.count == 40 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
            guard pair.allSatisfy(\.isHexDigit), let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
        }
        thumbprint = bytes
    }

    func send(_ request: IdentityRequest) async throws -> IdentityResponse {
        guard let url = URL(string: request.url), url.scheme?.lowercased() == "https", let host = url.host(),
            !host.isEmpty
        else { throw TransportFailure.badURL }
        let channel: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
        do {
            channel = try await connect(host: host, port: url.port ?? 443)
        } catch {
            try Task.checkCancellation()
            throw TransportFailure.unreachable
        }
        let deadline = NIODeadline.now() + TimeAmount(request.timeout)
        let timeout = channel.channel.eventLoop.scheduleTask(deadline: deadline) {
            channel.channel.close(promise: nil)
        }
        defer { timeout.cancel() }
        do {
            return try await exchange(request, url, over: channel)
        } catch {
            try Task.checkCancellation()
            if NIODeadline.now() >= deadline { throw TransportFailure.timeout }
            switch error {
            case let failure as TransportFailure: throw failure
            case is NIOSSLError, is BoringSSLError: throw TransportFailure.untrustedCertificate
            default: throw TransportFailure.connectionLost
            }
        }
    }

    private func connect(
        host: String, port: Int
    ) async throws -> NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart> {
        let context = try NIOSSLContext(configuration: .makeClientConfiguration())
        let thumbprint = thumbprint
        return try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(.seconds(5))
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let isAddress = (try? SocketAddress(ipAddress: host, port: port)) != nil
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host) {
                            certificates, promise in
                            let sent = certificates.first.flatMap { try? $0.toDERBytes() }
                            let isPinned = sent.map { Array(Insecure.SHA1.hash(data: $0)) == thumbprint } ?? false
                            promise.succeed(isPinned ? .certificateVerified : .failed)
                        })
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                }
            }
    }

    private func exchange(
        _ request: IdentityRequest, _ url: URL,
        over channel: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
    ) async throws -> IdentityResponse {
        let target = url.path(percentEncoded: true) + (url.query(percentEncoded: true).map { "?\($0)" } ?? "")
        var headers = request.headers
        let host = url.host() ?? ""
        headers.add(name: "host", value: "\(host.contains(":") ? "[\(host)]" : host):\(url.port ?? 443)")
        headers.add(name: "connection", value: "close")
        let head = HTTPRequestHead(
            version: .http1_1, method: request.method, uri: target.hasPrefix("/") ? target : "/\(target)",
            headers: headers)
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(.head(head))
            try await outbound.write(.end(nil))
            var answer: HTTPResponseHead?
            var body = ByteBuffer()
            for try await part in inbound {
                switch part {
                case .head(let head): answer = head
                case .body(let bytes):
                    body.writeImmutableBuffer(bytes)
                    guard body.readableBytes <= IdentityRequest.maximumAnswer else {
                        throw TransportFailure.answerTooLong
                    }
                case .end:
                    guard let answer else { throw TransportFailure.connectionLost }
                    return IdentityResponse(status: Int(answer.status.code), headers: answer.headers, body: body)
                }
            }
            throw TransportFailure.connectionLost
        }
    }
}
