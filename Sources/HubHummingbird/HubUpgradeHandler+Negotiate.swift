import HTTPTypes
import HubTransports
import NIOCore
import NIOHTTPTypes

/// Negotiations that are answered before the router is asked.
extension HubUpgradeHandler {
    func negotiatedHub(_ request: HTTPRequest) -> HubAccess? {
        guard hubs.options.negotiatesBeforeRouter, request.method == .post else { return nil }
        return hubs.negotiatedAccess(at: RequestTarget(request.path ?? "").path)
    }

    /// Answers a negotiation. The connection is as new afterwards: its next request may still become a WebSocket.
    func answer(_ request: HTTPRequest, with body: ByteBuffer, headers: HTTPFields, context: ChannelHandlerContext) {
        var headers = headers
        headers[.contentType] = "application/json"
        headers[.contentLength] = String(body.readableBytes)
        let isLast = request.headerFields[.connection]?.lowercased() == "close"
        if isLast { headers[.connection] = "close" }
        context.write(wrapOutboundOut(.head(HTTPResponse(status: .ok, headerFields: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        let isWritten = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if isLast { isWritten.assumeIsolated().whenComplete { _ in context.close(promise: nil) } }
    }
}
