import Foundation

/// A blocking socket to a port of the loopback interface.
final class LoopbackSocket {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = try Self.open()
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let status = Self.withAddress(port: port) { connect(descriptor, $0, $1) }
        guard status == 0 else { throw RedisServerError(description: "connect failed: \(errno)") }
    }

    deinit { close(descriptor) }

    /// A port that nobody listens on at this moment.
    static func freePort() throws -> Int {
        let descriptor = try open()
        defer { close(descriptor) }
        guard withAddress(port: 0, { bind(descriptor, $0, $1) }) == 0 else {
            throw RedisServerError(description: "bind failed: \(errno)")
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Sends a Redis command and returns what comes first as an answer.
    func send(_ arguments: [String]) throws -> String {
        let command = "*\(arguments.count)\r\n" + arguments.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
        let bytes = Array(command.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            throw RedisServerError(description: "write failed: \(errno)")
        }
        var answer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(descriptor, &answer, answer.count)
        guard count > 0 else { throw RedisServerError(description: "no answer") }
        return String(decoding: answer.prefix(count), as: UTF8.self)
    }

    private static func open() throws -> Int32 {
        #if canImport(Glibc)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw RedisServerError(description: "socket failed: \(errno)") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    private static func withAddress(port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
