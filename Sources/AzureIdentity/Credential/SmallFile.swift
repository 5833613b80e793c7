import Glibc

/// A file that holds a key, a certificate or a token: read whole, never more of it than that can be.
struct SmallFile {
    enum Failure: Error, Hashable, CustomStringConvertible {
        case unreadable
        case tooLong

        var description: String {
            switch self {
            case .unreadable: "cannot be read"
            case .tooLong: "is too long"
            }
        }
    }

    let path: String
    let limit: Int

    func read() throws(Failure) -> [UInt8] {
        // Non-blocking, so that a pipe in its place holds up nothing.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw .unreadable }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw .unreadable }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw .tooLong }
        }
    }

    func readText() throws(Failure) -> String {
        guard let text = String(validating: try read(), as: UTF8.self) else { throw .unreadable }
        return text
    }
}
