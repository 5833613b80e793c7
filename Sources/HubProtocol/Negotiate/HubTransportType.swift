/// The three transports; the raw value is the name in a negotiate response (TransportProtocols.md).
public enum HubTransportType: String, Sendable, CaseIterable {
    case webSockets = "WebSockets"
    case serverSentEvents = "ServerSentEvents"
    case longPolling = "LongPolling"

    package var transferFormats: [TransferFormat] {
        switch self {
        case .webSockets, .longPolling: [.text, .binary]
        case .serverSentEvents: [.text]
        }
    }
}
