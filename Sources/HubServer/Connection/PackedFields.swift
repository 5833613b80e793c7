import NIOCore

/// Names and values in one piece of memory: a connection keeps its request's headers for as long as it lives, and as
/// strings of their own they would be the largest part of an idle connection.
struct PackedFields: Sendable, Hashable {
    /// Names and values in turn, each behind its length in four bytes. An array, since a byte buffer would round its size
    /// up to a power of two.
    private let bytes: [UInt8]

    init(_ fields: [(name: String, value: String)]) {
        var bytes = ByteBuffer()
        for field in fields {
            bytes.writeCounted(field.name)
            bytes.writeCounted(field.value)
        }
        self.bytes = Array(bytes.readableBytesView)
    }

    /// What ``packed`` of other fields is.
    init(packed: ByteBuffer) { bytes = Array(packed.readableBytesView) }

    /// The fields as they are kept, to be sent to another node.
    var packed: ByteBuffer { ByteBuffer(bytes: bytes) }

    var all: [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        var rest = ByteBuffer(bytes: bytes)
        while let name = rest.readCountedString(), let value = rest.readCountedString() {
            fields.append((name, value))
        }
        return fields
    }

    func first(_ name: String) -> String? {
        let name = name.lowercased()
        return all.first { $0.name.lowercased() == name }?.value
    }
}

extension ByteBuffer {
    /// Writes a string behind its length in bytes (four bytes, big endian).
    mutating func writeCounted(_ string: String) {
        writeInteger(UInt32(clamping: string.utf8.count))
        writeString(string)
    }

    /// Reads what ``writeCounted(_:)`` has written; nil if it is not all there.
    mutating func readCountedString() -> String? {
        guard let length = readInteger(as: UInt32.self) else { return nil }
        return readString(length: Int(length))
    }
}
