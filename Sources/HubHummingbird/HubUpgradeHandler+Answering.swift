import HTTPTypes
import HubTransports
import NIOCore
import NIOHTTPTypes

/// What is answered before the router is asked. The handlers behind this one see its request and, later, its answer: they keep
/// the connection's idle time, and let it end with the answer when the server stops.
extension HubUpgradeHandler {
    func passOn(_ request: HTTPRequest, body: ByteBuffer?, _ context: ChannelHandlerContext) {
        context.fireChannelRead(wrapInboundOut(.head(request)))
        if let body { context.fireChannelRead(wrapInboundOut(.body(body))) }
        context.fireChannelRead(wrapInboundOut(.end(nil)))
        context.fireChannelReadComplete()
    }

    func write(
        _ refusal: HubRefusal, _ access: HubAccess, to request: HTTPRequest, _ context: ChannelHandlerContext
    ) {
        let headers = access.headers(of: refusal, to: request)
        write(refusal.status, headers, ByteBuffer(string: refusal.text), to: request, context)
    }

    /// Writes from the end of the pipeline, so that the handlers behind this one see it.
    @discardableResult
    func write(
        _ status: HTTPResponse.Status, _ headers: HTTPFields, _ body: ByteBuffer, to request: HTTPRequest,
        _ context: ChannelHandlerContext
    ) -> EventLoopFuture<Void> {
        var headers = headers
        if status != .noContent { headers[.contentLength] = String(body.readableBytes) }
        let isLast = request.headerFields[.connection]?.lowercased() == "close"
        if isLast { headers[.connection] = "close" }
        let channel = context.channel
        channel.write(HTTPResponsePart.head(HTTPResponse(status: status, headerFields: headers)), promise: nil)
        if body.readableBytes > 0 { channel.write(HTTPResponsePart.body(body), promise: nil) }
        let isWritten = channel.writeAndFlush(HTTPResponsePart.end(nil))
        if isLast { isWritten.whenComplete { _ in channel.close(promise: nil) } }
        return isWritten
    }
}
