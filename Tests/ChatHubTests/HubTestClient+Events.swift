import Foundation
import HubProtocol
import HubTesting
import NIOCore

extension HubTestClient {
    /// What the client was told of its one reply, its partials in one.
    func events() throws -> [String] {
        var events: [String] = []
        var text = ""
        for case .invocation(let call) in inbox.messages {
            switch call.target {
            case "typing": events.append("typing \(String(buffer: call.arguments[1]))")
            case "partial":
                text += try JSONDecoder().decode(String.self, from: Data(call.arguments[1].readableBytesView))
            default: events.append(call.target)
            }
        }
        return events + [text]
    }
}
