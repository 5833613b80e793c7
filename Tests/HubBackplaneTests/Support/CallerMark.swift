import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Tells whether code runs inside a call that has not returned yet, on the same thread.
final class CallerMark: Sendable {
    private let thread = Mutex<UInt?>(CallerMark.current)

    private static var current: UInt { UInt(bitPattern: pthread_self().hashValue) }

    var isOnThisStack: Bool { thread.withLock { $0 == Self.current } }

    func leave() { thread.withLock { $0 = nil } }
}
