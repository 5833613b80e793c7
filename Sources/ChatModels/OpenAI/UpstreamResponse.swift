import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// The response to one request, read part by part by one task.
///
/// AsyncHTTPClient's own asynchronous body cannot serve here: its idle timer also runs while nobody reads, so it would
/// fail a reply that a slow receiver holds back, and only cancelling the whole task ends it.
final class UpstreamResponse: HTTPClientResponseDelegate {
    enum Part {
        case head(HTTPResponseHead)
        case body(ByteBuffer)
    }

    struct Timeouts {
        let firstByte: TimeAmount
        let silence: TimeAmount
    }

    /// Time that a server has to end a response whose reply is complete, so that its connection can be used again.
    private static let endGrace = TimeAmount.seconds(1)

    private let state: Mutex<StateMachine>

    init(timeouts: Timeouts) {
        self.state = Mutex(StateMachine(timeouts: timeouts, now: .now()))
    }

    /// Takes the end and the silence of the response from the request's task. To be called once.
    func follow(_ task: HTTPClient.Task<Void>) {
        // Not by the delegate's methods: they are not called when the client is shut down.
        task.futureResult.whenComplete { end in
            let (reader, resume) = self.state.withLock { $0.receive(end: end) }
            reader?.resume(with: end.map { nil })
            resume?.succeed()
        }
        failWhenSilent(task)
    }

    /// The next part, beginning with the head; nil when the response is complete.
    func next() async throws -> Part? {
        try await withCheckedThrowingContinuation { reader in
            switch state.withLock({ $0.read(reader, now: .now()) }) {
            case .wait: break
            case .give(let part, let resume):
                reader.resume(with: part)
                resume?.succeed()
            }
        }
    }

    /// Lets the response come to its end unread, if that comes soon.
    func discard(_ task: HTTPClient.Task<Void>) {
        state.withLock { $0.discard() }?.succeed()
        let patience = task.eventLoop.scheduleTask(in: Self.endGrace) { task.cancel() }
        task.futureResult.whenComplete { _ in patience.cancel() }
    }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        if let (reader, part) = state.withLock({ $0.receive(head: head) }) {
            reader.resume(returning: part)
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let (give, paused) = state.withLock { $0.receive(body: buffer) { task.eventLoop.makePromise() } }
        if let (reader, part) = give {
            reader.resume(returning: part)
        }
        return paused?.futureResult ?? task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {}

    /// Looks again when the response can have been silent for too long, so there is one timer and not one per part.
    private func failWhenSilent(_ task: HTTPClient.Task<Void>) {
        switch state.withLock({ $0.checkSilence(now: .now()) }) {
        case .none: break
        case .fail(let kind): task.fail(reason: ChatModelError(kind))
        case .checkAgain(let deadline):
            let check = task.eventLoop.scheduleTask(deadline: deadline) { self.failWhenSilent(task) }
            task.futureResult.whenComplete { _ in check.cancel() }
        }
    }
}
