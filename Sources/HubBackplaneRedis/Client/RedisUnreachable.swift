import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Why no address of a server can be connected, in the words of the operating system.
struct RedisUnreachable: Error, CustomStringConvertible {
    let description: String

    init(_ error: NIOConnectionError) {
        let reasons = error.connectionErrors.map { failure in
            (failure.error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(failure.error)"
        }
        description = "\(error.host):\(error.port): " + (reasons.last ?? "the host has no address")
    }
}
