package import HTTPTypes
package import HubServer
package import NIOCore
import Synchronization

/// The answer to a poll, which has to be told what became of it: what is not delivered goes to the next poll. One that is
/// dropped is not delivered.
package final class PollResponse: Sendable {
    package let answer: PollAnswer
    private let exchange: HTTPExchange
    private let home: any ConnectionHome
    private let isFinished = Atomic(false)

    init(_ answer: PollAnswer, to exchange: HTTPExchange, from home: any ConnectionHome) {
        self.answer = answer
        self.exchange = exchange
        self.home = home
    }

    deinit { finished(delivered: false) }

    /// The response was written, or could not be. From any thread; the first call counts.
    package func finished(delivered: Bool) {
        guard !isFinished.exchange(true, ordering: .acquiringAndReleasing) else { return }
        home.finished(exchange, delivered: delivered)
    }

    package var status: HTTPResponse.Status { answer == .ended ? .noContent : .ok }

    /// Polls are never the same twice, so nobody may keep one's answer for another.
    package var headers: HTTPFields {
        var headers: HTTPFields = [
            .cacheControl: "no-cache, no-store", .pragma: "no-cache", .expires: "Thu, 01 Jan 1970 00:00:00 GMT",
        ]
        switch answer {
        case .connected, .messages: headers[.contentType] = "application/octet-stream"
        case .timedOut: headers[.contentType] = "text/plain"
        case .ended: break
        }
        return headers
    }

    package var body: ByteBuffer {
        if case .messages(let bytes) = answer { bytes } else { ByteBuffer() }
    }
}
