import ChunkStreams
import Foundation
import NIOCore
import Synchronization

/// Reads a stream to its end and remembers what it was told.
final class ReadingSink: ChunkViewerSink {
    struct Reading: Sendable {
        var text = ""
        var cursor = ChunkCursor.start
        var pieces = 0
        var restarts = 0
        var retractions: [ChunkRetraction] = []
        /// Everything that was shown, in the order in which it was.
        var shown = ""
        var ends: [StreamEnd] = []
        var isLost = false
    }

    private let reading = Mutex(Reading())
    private let wake = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let limit: Int

    init(limit: Int = 16 * 1024) { self.limit = limit }

    func viewerHasNews() { wake.continuation.yield() }

    var soFar: Reading { reading.withLock { $0 } }

    /// Begins with text that a client has from before.
    func resume(with text: String) { reading.withLock { $0.text = text } }

    /// Reads until the end, until nothing can come any more, or until `isEnough`.
    func read(_ viewer: ChunkViewer, until isEnough: (Reading) -> Bool = { _ in false }) async -> Reading {
        for await _ in wake.stream {
            while let (event, _) = viewer.next(limit: limit) {
                reading.withLock { $0.take(event) }
                let soFar = soFar
                if !soFar.ends.isEmpty || soFar.isLost { return soFar }
                if isEnough(soFar) {
                    // The viewer was not read to its end, so it will not call again by itself.
                    viewerHasNews()
                    return soFar
                }
            }
        }
        return soFar
    }
}

extension ReadingSink.Reading {
    fileprivate mutating func take(_ event: ChunkViewerEvent) {
        switch event {
        case .text(let piece, let cursor):
            text += String(buffer: piece)
            shown += String(buffer: piece)
            self.cursor = cursor
            pieces += 1
        case .retracted(let retraction, let cursor):
            retract(retraction)
            self.cursor = cursor
        case .restarted(let cursor):
            text = ""
            self.cursor = cursor
            restarts += 1
        case .ended(let end):
            ends.append(end)
        case .lost:
            isLost = true
        }
    }

    private mutating func retract(_ retraction: ChunkRetraction) {
        retractions.append(retraction)
        text = String(decoding: text.utf16.prefix(Int(retraction.keepUTF16)), as: UTF16.self)
        let replacement = String(buffer: retraction.replacement)
        text += replacement
        shown += replacement
    }
}
