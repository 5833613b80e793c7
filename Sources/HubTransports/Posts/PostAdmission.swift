import HubServer
import NIOConcurrencyHelpers

/// Which bodies of `POST`s a node reads. The others wait unread in their clients' sockets.
///
/// Of each connection one is read and handed on at a time, in the order in which their requests came (ASP.NET's
/// `WriteLock`). Larger ones share what the node has for them among all connections; how many small ones there can be,
/// sockets limit, which take as much memory themselves.
package final class PostAdmission: Sendable {
    /// A body of more bytes is read only when its connection has room, and counts among those of the node.
    static let smallSize = 64 * 1024

    private struct State: Sendable {
        /// By connection, those with a `POST` under way.
        var turns: [String: AdmissionLine<HTTPExchange>] = [:]
        var largeBodies: AdmissionLine<HTTPExchange>
    }

    private let state: NIOLockedValueBox<State>

    /// - Parameter largeBodySize: How many bytes larger bodies may have together.
    package init(largeBodySize: Int) {
        state = NIOLockedValueBox(State(largeBodies: AdmissionLine(capacity: largeBodySize)))
    }

    /// Answers with ``HomeAnswer/accepted`` when it is the exchange's turn among those of its connection.
    func awaitTurn(_ exchange: HTTPExchange, of connection: String) {
        enter(exchange) { $0.turns[connection, default: AdmissionLine(capacity: 1)].arrive(exchange, weight: 1) }
    }

    /// Whether its turn has come or not.
    func endTurn(_ exchange: HTTPExchange, of connection: String) {
        let next = state.withLockedValue { state in
            let next = state.turns[connection]?.leave(exchange)
            if state.turns[connection]?.isEmpty ?? false { state.turns[connection] = nil }
            return next
        }
        for exchange in next ?? [] { exchange.answer(.accepted) }
    }

    /// Answers with ``HomeAnswer/accepted`` when so many bytes more may be read.
    func awaitShare(_ exchange: HTTPExchange, of size: Int) {
        enter(exchange) { $0.largeBodies.arrive(exchange, weight: size) }
    }

    /// Whether there was one or not.
    func endShare(_ exchange: HTTPExchange) {
        for next in state.withLockedValue({ $0.largeBodies.leave(exchange) }) { next.answer(.accepted) }
    }

    private func enter(_ exchange: HTTPExchange, _ arrive: (inout State) -> [HTTPExchange]) {
        if state.withLockedValue(arrive).isEmpty { exchange.hold() } else { exchange.answer(.accepted) }
    }
}
