import HubBackplane
import NIOCore
import Synchronization

/// Counts redirects from one, those of several servers behind one balancer together, so that a client's tests see that it
/// asked again, whichever server it asked.
final class RedirectCount: Sendable {
    private let backplane: any Backplane
    private let names: BackplaneNames
    private let last = Atomic(0)

    init(backplane: any Backplane, names: BackplaneNames) {
        self.backplane = backplane
        self.names = names
    }

    /// A number is whose server takes it first.
    func next() async throws -> Int {
        var number = last.load(ordering: .relaxed)
        var isMine = false
        while !isMine {
            number += 1
            isMine = try await backplane.set(
                names.stream("redirect-\(number)").meta, to: ByteBuffer(string: "taken"), timeToLive: .seconds(3600),
                onlyIfAbsent: true)
        }
        last.max(number, ordering: .relaxed)
        return number
    }
}
