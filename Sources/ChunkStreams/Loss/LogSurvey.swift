import Crypto
import HubBackplane
import NIOCore

/// What a log has, read from its beginning: the text in it and who produced it.
struct LogSurvey {
    /// The last entry.
    private(set) var last: LogID?
    /// The last producer's opening entry.
    private(set) var opening: StreamEntry.Opening?
    /// How it ended, where it has.
    private(set) var end: StreamEnd?
    /// How many producers have begun a text.
    private(set) var beginnings = 0
    /// How many chunks can be read one after the other.
    private(set) var chunks: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    /// These chunks, where they are wanted.
    private(set) var text: StreamText?
    /// Chunks are missing in front of others.
    private(set) var hasHole = false
    /// Text was taken back: the rest of it is only known where the text is wanted.
    private(set) var needsText = false
    private var sha256 = SHA256()

    /// The end that is there cannot be reached: chunks are missing in front of it.
    var hasUnreachableEnd: Bool { end.map { $0.chunks > chunks } ?? false }

    /// - Parameter keepsText: Whether the text is wanted.
    init(keepsText: Bool = false) { text = keepsText ? StreamText() : nil }

    /// Takes the next entry.
    mutating func take(_ entry: LogEntry) {
        last = entry.id
        guard end == nil || hasUnreachableEnd else { return }
        switch StreamEntry(payload: entry.payload) {
        case .open(let opening):
            if opening.textEpoch != self.opening?.textEpoch {
                beginnings += 1
                (chunks, bytes, sha256) = (0, 0, SHA256())
                if text != nil { text = StreamText() }
            }
            self.opening = opening
            hasHole = false
            // It is written again.
            end = nil
        case .chunks(let chunks):
            take(chunks)
        case .retraction(_, let retraction):
            take(retraction)
        case .end(_, let end):
            self.end = end
        case nil:
            break
        }
    }

    /// The end of a stream whose text is what is in the log.
    func end(_ finish: StreamFinish) -> StreamEnd {
        StreamEnd(finish: finish, chunks: chunks, bytes: bytes, sha256: Array(sha256.finalize()))
    }

    private mutating func take(_ retraction: StreamRetraction) {
        guard retraction.seq <= chunks + 1 else {
            hasHole = true
            return
        }
        guard retraction.seq == chunks + 1 else { return }
        chunks = retraction.seq
        guard text != nil else {
            needsText = true
            return
        }
        text?.retract(retraction)
        let all = text?.all ?? ByteBuffer()
        bytes = UInt64(all.readableBytes)
        sha256 = SHA256()
        all.withUnsafeReadableBytes { sha256.update(bufferPointer: $0) }
    }

    private mutating func take(_ entry: StreamEntry.Chunks) {
        guard entry.first <= chunks + 1 else {
            hasHole = true
            return
        }
        self.text?.append(entry)
        var text = entry.text
        var seq = entry.first
        for length in entry.lengths {
            guard let chunk = text.readSlice(length: length) else { return }
            if seq > chunks {
                chunk.withUnsafeReadableBytes { sha256.update(bufferPointer: $0) }
                bytes += UInt64(length)
                chunks = seq
            }
            seq += 1
        }
    }
}
