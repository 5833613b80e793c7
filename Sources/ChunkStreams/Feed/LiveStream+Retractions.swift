import HubBackplane
import NIOCore
import Synchronization

/// Taking text back.
extension LiveStream {
    /// Takes back all but the first bytes of the text that this node produces.
    func retract(
        keeping keepBytes: Int, category: String, replacement: ByteBuffer
    ) throws(ChunkProducerError) {
        let work = try state.withLock { state -> Result<Work, ChunkProducerError> in
            guard state.production?.machine.isOpen == true, state.production?.isStopped == false else {
                return .failure(.interrupted)
            }
            let keepBytes = min(max(keepBytes, 0), state.content.text.byteCount)
            guard !state.content.text.retractions.isFull,
                keepBytes + replacement.readableBytes <= node.configuration.maximumTextBytes,
                replacement.readableBytes <= node.configuration.maximumAppendBytes
            else { return .failure(.tooLong) }
            state.content.text.retract(keeping: keepBytes, category: category, replacement: replacement)
            state.viewers.signal()
            return .success(self.work(in: &state) { $0.next(last: $1) })
        }.get()
        perform(work)
    }

    /// A viewer begins to read earlier in the text than this node did: before it is shown any of it, all is looked up that
    /// was taken back since. The text in between is read for it only then.
    func learnRetractions(after cursor: ChunkCursor) {
        let isFirst = state.withLock { state in
            defer { state.isLearning = true }
            return !state.isLearning
        }
        guard isFirst else { return }
        Task {
            let retractions = await self.retractions(after: cursor)
            if retractions == nil { try? await Task.sleep(for: .seconds(1)) }
            state.withLock { state in
                state.isLearning = false
                if let retractions {
                    state.content.learn(retractions, after: cursor.seq, of: cursor.textEpoch)
                }
                state.viewers.signal()
            }
        }
    }

    private func retractions(after cursor: ChunkCursor) async -> Retractions? {
        var past = StreamContent(after: cursor)
        var position = past.position
        while let page = try? await node.backplane.read(names.log, after: position) {
            var hole: LogHole?
            past.takeFromLog(page.streamEntries, hole: &hole)
            // What is missing is written again; another text has retractions of its own.
            guard hole == nil, past.textEpoch == cursor.textEpoch else { return nil }
            past.text.drop(through: past.text.last)
            position = page.entries.last?.id ?? position
            if page.isLast { return past.text.retractions }
        }
        return nil
    }
}
