import NIOCore

/// Bytes are read as the same however they are cut.
///
/// - Returns: What is read of them in one piece.
func readHoweverCut<Reading: Equatable>(
    _ bytes: ByteBuffer, _ read: ([ByteBuffer]) -> Reading
) throws(Finding) -> Reading {
    let whole = read([bytes])
    try require(read(pieces(of: bytes)) == whole, "the same is read however bytes are cut")
    try require(read(bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }) == whole, "the same is read byte by byte")
    return whole
}

/// The bytes themselves say how long the pieces are.
func pieces(of bytes: ByteBuffer) -> [ByteBuffer] {
    var rest = bytes
    var pieces: [ByteBuffer] = []
    while let first = rest.getInteger(at: rest.readerIndex, as: UInt8.self),
        let piece = rest.readSlice(length: min(1 + Int(first % 8), rest.readableBytes))
    {
        pieces.append(piece)
    }
    return pieces
}
