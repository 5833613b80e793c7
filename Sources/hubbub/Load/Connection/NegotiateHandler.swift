import Foundation
import NIOCore
import NIOHTTP1

/// Asks for a connection token, version 1 of negotiating (TransportProtocols.md, "POST /negotiate"), and closes.
final class NegotiateHandler: ChannelInboundHandler {
    typealias InboundIn = NIOHTTPClientResponseFull
    typealias OutboundOut = HTTPClientRequestPart

    private struct Answer: Decodable {
        let connectionToken: String?
        let error: String?
    }

    private let target: LoadTarget
    private let answered: EventLoopPromise<String>

    init(_ target: LoadTarget, answered: EventLoopPromise<String>) {
        self.target = target
        self.answered = answered
    }

    func channelActive(context: ChannelHandlerContext) {
        var head = HTTPRequestHead(
            version: .http1_1, method: .POST, uri: target.path + "/negotiate?negotiateVersion=1")
        head.headers.add(name: "Host", value: target.authority)
        head.headers.add(name: "Content-Length", value: "0")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let response = unwrapInboundIn(data)
        if response.head.status == .ok, let body = response.body,
            let answer = try? JSONDecoder().decode(Answer.self, from: Data(body.readableBytesView)),
            let token = answer.connectionToken
        {
            answered.succeed(token)
        } else if response.head.status == .ok {
            answered.fail(LoadFailure(code: "negotiate_refused"))
        } else {
            answered.fail(LoadFailure(code: "negotiate_\(response.head.status.code)"))
        }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answered.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answered.fail(LoadFailure(code: "negotiate_disconnected"))
    }
}
