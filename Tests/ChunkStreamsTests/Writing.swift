import ChunkStreams
import Crypto
import NIOCore

/// Hands over chunks, one after the other.
func write(_ chunks: [String], to producer: ChunkProducer, pausing: Bool = false) async throws {
    for chunk in chunks {
        try await producer.append(ByteBuffer(string: chunk))
        if pausing { await Task.yield() }
    }
}

func sha256(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }
