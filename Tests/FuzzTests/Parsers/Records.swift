import HubProtocol
import NIOCore

/// Bytes give the same records, and break the protocol at the same place, however they are cut.
///
/// The first byte says where records end: bit 0 whether by length, bit 1 whether only after the first record, which is then
/// separated (a handshake); the other bits limit records to that many bytes.
func checkRecords(_ bytes: ByteBuffer) throws(Finding) {
    var bytes = bytes
    guard let form = bytes.readInteger(as: UInt8.self) else { return }
    let whole = try readHoweverCut(bytes) { records(of: $0, form) }
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
