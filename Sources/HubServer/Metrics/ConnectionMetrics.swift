import CoreMetrics
import HubProtocol

/// Counts the connections of a server.
///
/// Made with the server, so the application's metrics backend has to be there by then.
final class ConnectionMetrics: Sendable {
    private struct Kind: Hashable {
        let transport: HubTransportType
        let encoding: HubEncoding
    }

    private struct Counts {
        let connections: Meter
        let opened: Counter
    }

    /// Why a connection has ended.
    enum EndReason: String, CaseIterable {
        case normal, shutdown, timeout, error
        case slowClient = "slow_client"
        case transportLost = "transport_lost"
        case protocolError = "protocol_error"

        init(_ error: (any Error)?, isShuttingDown: Bool) {
            self =
                switch error {
                case nil: isShuttingDown ? .shutdown : .normal
                case let error as HubConnectionError:
                    switch error {
                    case .clientTimeout: .timeout
                    case .tooSlow: .slowClient
                    default: .transportLost
                    }
                case is HubProtocolError: .protocolError
                default: .error
                }
        }
    }

    private let counts: [Kind: Counts]
    private let closed: [EndReason: Counter]
    private let slowClients = Counter(label: "hubbub_slow_clients_total")
    private let outboxBytes = Meter(label: "hubbub_outbox_bytes")

    init() {
        var counts: [Kind: Counts] = [:]
        for transport in HubTransportType.allCases {
            for encoding in HubEncoding.allCases where transport.transferFormats.contains(encoding.transferFormat) {
                let dimensions = [("transport", transport.rawValue), ("protocol", encoding.name)]
                counts[Kind(transport: transport, encoding: encoding)] = Counts(
                    connections: Meter(label: "hubbub_connections", dimensions: dimensions),
                    opened: Counter(label: "hubbub_connections_opened_total", dimensions: dimensions))
            }
        }
        self.counts = counts
        let closed = EndReason.allCases.map { reason in
            (reason, Counter(label: "hubbub_connections_closed_total", dimensions: [("reason", reason.rawValue)]))
        }
        self.closed = Dictionary(uniqueKeysWithValues: closed)
        outboxBytes.set(0)
    }

    /// A handshake was accepted.
    func opened(_ transport: HubTransportType, _ encoding: HubEncoding) {
        let counts = counts[Kind(transport: transport, encoding: encoding)]
        counts?.opened.increment()
        counts?.connections.increment(by: 1)
    }

    func ended(_ transport: HubTransportType, _ encoding: HubEncoding, _ reason: EndReason) {
        counts[Kind(transport: transport, encoding: encoding)]?.connections.decrement(by: 1)
        closed[reason]?.increment()
        if reason == .slowClient { slowClients.increment() }
    }

    /// So many more bytes wait for clients that do not take them, or so many less.
    func waiting(moreBytes bytes: Int) { outboxBytes.increment(by: Double(bytes)) }
}
