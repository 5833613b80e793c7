import Foundation
import Logging
import ServiceLifecycle
import UnixSignals

/// Ends the process when it is told to stop once more while it drains. Its replies then end as those of a lost node.
///
/// The first of the services, as it has to outlive the others.
struct SecondSignal: Service {
    let logger: Logger

    func run() async throws {
        var isDraining = false
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint).cancelOnGracefulShutdown() {
            guard isDraining else {
                isDraining = true
                continue
            }
            logger.warning("The node is told to stop again and ends at once", metadata: ["signal": "\(signal)"])
            exit(1)
        }
        try? await gracefulShutdown()
    }
}
