import HTTPTypes
import HubProtocol
import HubTransports
import NIOCore
import NIOHTTPTypes

/// Polls that are answered before the router is asked: while one waits there is no task, and no channel of Hummingbird's.
extension HubUpgradeHandler {
    func polledHub(_ request: HTTPRequest) -> HubAccess? {
        guard hubs.options.pollsBeforeRouter, request.method == .get,
            HubAccess.transport(askedBy: request) == .longPolling
        else { return nil }
        return hubs.access(at: RequestTarget(request.path ?? "").path)
    }

    /// Begins a poll. The handlers behind this one see its request and, later, its answer: they keep the connection's
    /// idle time, and let it end with the answer when the server stops.
    func poll(_ request: HTTPRequest, _ access: HubAccess, _ context: ChannelHandlerContext) {
        passOn(request, body: nil, context)
        let eventLoop = context.eventLoop
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        let answer: @Sendable (Result<PollResponse, HubRefusal>) -> Void = { answer in
            eventLoop.execute { handler.value.answer(request, access, with: answer) }
        }
        let peer = context.remoteAddress?.ipAddress
        Task { [watch] in
            do throws(HubRefusal) {
                let identity = try await access.identify(request, peer: peer)
                let target = try await access.target(of: request, identity: identity, peer: peer)
                await access.poll(
                    request, target, on: eventLoop, onClientLeft: { watch.onClientLeft($0) }, answer: answer)
            } catch {
                answer(.failure(error))
            }
        }
    }

    private func answer(_ request: HTTPRequest, _ access: HubAccess, with answer: Result<PollResponse, HubRefusal>) {
        watch.onClientLeft(nil)
        // A response that is dropped tells its home that it was not delivered.
        guard let context = hasAnswer(), !watch.hasLeft else { return }
        switch answer {
        case .success(let poll):
            let headers = access.origins.headers(for: request, adding: poll.headers)
            let isWritten = write(poll.status, headers, poll.body, to: request, context)
            isWritten.whenComplete { poll.finished(delivered: (try? $0.get()) != nil) }
        case .failure(let refusal):
            write(refusal, access, to: request, context)
        }
        answerIsWritten()
    }
}
