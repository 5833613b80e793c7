import NIOCore

/// An argument of a command.
enum RESPArgument: Sendable, ExpressibleByStringLiteral {
    case text(String)
    case bytes(ByteBuffer)
    case number(Int64)

    init(stringLiteral text: String) { self = .text(text) }

    fileprivate var count: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.readableBytes
        case .number: 20
        }
    }
}

extension ByteBuffer {
    /// Writes a command.
    mutating func writeCommand(_ arguments: RESPArgument...) { writeCommand(arguments) }

    /// Writes a command.
    mutating func writeCommand(_ arguments: [RESPArgument]) {
        let size = arguments.reduce(RESPEncoder.size(ofString: 0)) { $0 + RESPEncoder.size(ofString: $1.count) }
        writeCommands(atMost: size) { encoder in
            encoder.array(count: arguments.count)
            for argument in arguments {
                switch argument {
                case .text(let text): encoder.string(text)
                case .bytes(let bytes): encoder.string(bytes)
                case .number(let number): encoder.string(String(number))
                }
            }
        }
    }
}
