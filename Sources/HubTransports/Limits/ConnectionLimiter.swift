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

    /// How many clients were refused, by the limit that did it.
    package var refusals: [ConnectionLimits.Kind: Int] { machine.withLockedValue { $0.refusals } }

    /// - Parameter isCounted: Whether a refusal is one for the client; else it is asked for again.
    func negotiate(from address: String?, isCounted: Bool = true) throws(HubRefusal) {
        try admit(address.flatMap { IPAddress($0) }, isCounted: isCounted) {
            (machine, address) throws(StateMachine.Refusal) in try machine.negotiate(from: address, now: .now)
        }
    }

    /// A place for a new connection.
    func connect(from address: String?) throws(HubRefusal) -> ConnectionPlace {
        let address = address.flatMap { IPAddress($0) }
        try admit(address, isCounted: true) {
            (machine, address) throws(StateMachine.Refusal) in try machine.connect(from: address, now: .now)
        }
        return ConnectionPlace { [machine] in machine.withLockedValue { $0.left(address) } }
    }

    private func admit(
        _ address: IPAddress?, isCounted: Bool,
        _ admit: (inout StateMachine, IPAddress?) throws(StateMachine.Refusal) -> Void
    ) throws(HubRefusal) {
        let refusal = machine.withLockedValue { machine -> StateMachine.Refusal? in
            do throws(StateMachine.Refusal) {
                try admit(&machine, address)
                return nil
            } catch {
                if isCounted { machine.count(error) }
                return error
            }
        }
        if let refusal { throw HubRefusal(refusal) }
    }
}

extension HubRefusal {
    fileprivate init(_ refusal: ConnectionLimiter.StateMachine.Refusal) {
        let isOfNode =
            switch refusal.limit {
            case .connections, .negotiateRate, .connectRate: true
            case .connectionsPerAddress, .negotiateRatePerAddress, .connectRatePerAddress: false
            }
        let seconds = Int((refusal.retryAfter / .seconds(1)).rounded(.up))
        self.init(
            status: isOfNode ? .serviceUnavailable : .tooManyRequests,
            text: isOfNode ? "The server has as many clients as it takes" : "Too many requests",
            retryAfter: max(1, seconds))
    }
}
