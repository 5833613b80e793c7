import HubTransports
import HummingbirdCore
import NIOCore
import Synchronization

/// Carries the reason why an upgrade was refused to the route that answers the request, so that the answer passes
/// through the router's middleware like any other.
final class RefusedUpgrade: Sendable {
    @TaskLocal static var current: RefusedUpgrade?

    private let refusal: Mutex<HubRefusal?>

    init(_ refusal: HubRefusal) {
        self.refusal = Mutex(refusal)
    }

    /// Answers a request whose upgrade was refused.
    static func respond(
        to request: Request, _ refusal: HubRefusal, _ writer: consuming ResponseWriter, _ channel: any Channel,
        _ responder: HTTPChannelHandler.Responder
    ) async throws {
        // A closure can take out what it cannot consume.
        var writer = Optional(writer)
        try await $current.withValue(RefusedUpgrade(refusal)) {
            if let writer = writer.take() { try await responder(request, writer, channel) }
        }
    }

    /// The reason, once: later requests of the same connection are requests of their own.
    func take() -> HubRefusal? {
        refusal.withLock { refusal in
            defer { refusal = nil }
            return refusal
        }
    }
}
