import HubProtocol
import NIOCore

/// Bytes give the same records, and break the protocol at the same place, however they are cut.
///
/// The first byte says where records end: bit 0 whether by length, bit 1 whether only after the first record, which is then
/// separated (a handshake); the other bits limit records to that many bytes.
func checkRecords(_ bytes: ByteBuffer) throws(Finding) {
    var bytes = bytes
    guard let form = bytes.readInteger(as: UInt8.self) else { return }
    let whole = records(of: [bytes], form)
    try require(records(of: pieces(of: bytes), form) == whole, "records are the same however bytes are cut")
    let single = bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }
    try require(records(of: single, form) == whole, "records are the same byte by byte")
    for record in whole.records where form & 1 == 0 {
        let isCut = record.readableBytesView.contains(JSONHubProtocol.recordSeparator)
        try require(!isCut, "no record has a separator")
    }
    try require(whole.records.allSatisfy { $0.readableBytes <= limit(form) }, "no record is longer than the limit")
}

private struct Records: Equatable {
    var records: [ByteBuffer] = []
    var error: HubProtocolError.Code?
}

private func limit(_ form: UInt8) -> Int { Int(form >> 2) }

private func records(of pieces: [ByteBuffer], _ form: UInt8) -> Records {
    let changes = form & 2 != 0
    var splitter = RecordSplitter(
        maximumRecordSize: limit(form), encoding: form & 1 != 0 && !changes ? .messagePack : .json)
    var found = Records()
    for piece in pieces {
        splitter.feed(piece)
        do {
            while let record = try splitter.next() {
                found.records.append(record)
                if changes { splitter.encoding = form & 1 != 0 ? .messagePack : .json }
            }
        } catch {
            found.error = error.code
            return found
        }
    }
    return found
}

/// The bytes themselves say how long the pieces are.
private func pieces(of bytes: ByteBuffer) -> [ByteBuffer] {
    var rest = bytes
    var pieces: [ByteBuffer] = []
    while let first = rest.getInteger(at: rest.readerIndex, as: UInt8.self),
        let piece = rest.readSlice(length: min(1 + Int(first % 8), rest.readableBytes))
    {
        pieces.append(piece)
    }
    return pieces
}
