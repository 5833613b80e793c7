import HTTPTypes
import HubProtocol
import HubTransports
import NIOCore
import NIOHTTPTypes

/// Small sends, which are answered before the router is asked: a client of long polling posts now and then on the connection that
/// its polls come on, and would leave it to a task of Hummingbird's.
extension HubUpgradeHandler {
    /// Of a larger one its turn is awaited before it is read.
    private static let maximumSize = 4 * 1024

    /// The hub that a request sends to, where its bytes are few, and known to be.
    func sentToHub(_ request: HTTPRequest) -> HubAccess? {
        let options = hubs.options
        guard options.sendsBeforeRouter, request.method == .post, request.headerFields[.expect] == nil,
            request.headerFields[.transferEncoding] == nil,
            let size = request.headerFields[.contentLength].flatMap({ Int($0) }),
            (0...min(Self.maximumSize, options.maximumPostSize)).contains(size)
        else { return nil }
        return hubs.access(at: RequestTarget(request.path ?? "").path)
    }

    func send(_ body: ByteBuffer, _ request: HTTPRequest, _ access: HubAccess, _ context: ChannelHandlerContext) {
        passOn(request, body: body, context)
        let eventLoop = context.eventLoop
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        let peer = context.remoteAddress?.ipAddress
        let maximumSize = hubs.options.maximumPostSize
        Task { [watch] in
            var refusal: HubRefusal?
            do throws(HubRefusal) {
                let identity = try await access.identify(request, peer: peer)
                let target = try await access.target(of: request, identity: identity, peer: peer)
                let post = PostBody(
                    size: body.readableBytes, maximumSize: maximumSize, onClientLeft: { watch.onClientLeft($0) },
                    read: { _ throws(HubRefusal) in body })
                try await access.send(post, to: target, on: eventLoop)
            } catch {
                refusal = error
            }
            eventLoop.execute { [refusal] in handler.value.sent(request, access, refusal) }
        }
    }

    private func sent(_ request: HTTPRequest, _ access: HubAccess, _ refusal: HubRefusal?) {
        watch.onClientLeft(nil)
        guard let context = hasAnswer(), !watch.hasLeft else { return }
        if let refusal {
            write(refusal, access, to: request, context)
        } else {
            let headers = access.origins.headers(for: request, adding: [.contentType: "text/plain"])
            write(.ok, headers, ByteBuffer(), to: request, context)
        }
        answerIsWritten()
    }
}
