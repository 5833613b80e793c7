import HTTPTypes
package import HubServer
import NIOConcurrencyHelpers

/// Holds the clients of a node to its ``ConnectionLimits``.
package final class ConnectionLimiter: Sendable {
    /// Addresses whose rates are remembered: some MiB at most.
    private static let addressCapacity = 16 * 1024

    private let machine: NIOLockedValueBox<StateMachine>

    /// - Returns: Nil where nothing is limited.
    package init?(_ limits: ConnectionLimits) {
        guard limits != ConnectionLimits() else { return nil }
        machine = NIOLockedValueBox(StateMachine(limits, addressCapacity: Self.addressCapacity))
    }

    func negotiate(from address: String?) throws(HubRefusal) {
        try admit(address.flatMap { IPAddress($0) }) {
            (machine, address) throws(StateMachine.Refusal) in try machine.negotiate(from: address, now: .now)
        }
    }

    /// A place for a new connection.
    func connect(from address: String?) throws(HubRefusal) -> ConnectionPlace {
        let address = address.flatMap { IPAddress($0) }
        try admit(address) {
            (machine, address) throws(StateMachine.Refusal) in try machine.connect(from: address, now: .now)
        }
        return ConnectionPlace { [machine] in machine.withLockedValue { $0.left(address) } }
    }

    private func admit(
        _ address: IPAddress?, _ admit: (inout StateMachine, IPAddress?) throws(StateMachine.Refusal) -> Void
    ) throws(HubRefusal) {
        let refusal = machine.withLockedValue { machine -> StateMachine.Refusal? in
            do throws(StateMachine.Refusal) {
                try admit(&machine, address)
                return nil
            } catch {
                return error
            }
        }
        if let refusal { throw HubRefusal(refusal) }
    }
}

extension HubRefusal {
    fileprivate init(_ refusal: ConnectionLimiter.StateMachine.Refusal) {
        let seconds = Int((refusal.retryAfter / .seconds(1)).rounded(.up))
        self.init(
            refusal.limit,
            text: refusal.limit.isOfClient ? "Too many requests" : "The server has as many clients as it takes",
            retryAfter: max(1, seconds))
    }
}
