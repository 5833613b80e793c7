import NIOCore
import Synchronization

/// Text that comes with its place, so that it may come twice.
extension LiveStream {
    enum Fed {
        /// Whether so much waits for the log that the backend has to wait, too.
        case taken(FedStreamPosition, mustWait: Bool)
        case refused(FedStreamAnswer)
        /// The stream was stopped, has ended, or another node has taken it.
        case interrupted
    }

    /// Hands over text from a byte of the whole on, without what is there already.
    func append(_ text: ByteBuffer, at offset: UInt64) -> Fed {
        let (fed, work) = state.withLock { state -> (Fed, Work) in
            guard state.production?.machine.isOpen == true, state.production?.isStopped == false else {
                return (.interrupted, .none)
            }
            let written = state.content.text.all
            guard offset <= written.readableBytes else { return (.refused(.elsewhere(state.position)), .none) }
            var (known, new) = (written, text)
            known.moveReaderIndex(forwardBy: Int(offset))
            let overlap = min(known.readableBytes, text.readableBytes)
            guard known.readSlice(length: overlap) == new.readSlice(length: overlap) else {
                return (.refused(.different(state.position)), .none)
            }
            guard new.readableBytes > 0 else {
                return (.taken(state.position, mustWait: state.mustWait(for: node.configuration)), .none)
            }
            switch take(new, in: &state) {
            case .success(let (work, mustWait)): return (.taken(state.position, mustWait: mustWait), work)
            case .failure(.tooLong): return (.refused(.tooLong(state.position)), .none)
            case .failure(.interrupted): return (.interrupted, .none)
            }
        }
        perform(work)
        return fed
    }

    /// Whether this node produces the stream for a backend.
    var isFed: Bool { state.withLock { $0.production?.isFed ?? false } }

    /// How far the text is that this node produces: `nil` where it does not.
    var produced: FedStreamAnswer? {
        state.withLock { state in
            guard state.production != nil else { return nil }
            return state.content.end.map { .ended($0) } ?? .open(state.position)
        }
    }
}

extension LiveStream.State {
    fileprivate var position: FedStreamPosition {
        FedStreamPosition(chunks: content.text.last, bytes: UInt64(content.text.byteCount))
    }
}

extension ChunkProducer {
    /// Hands over text from a byte of the whole on; where that takes long, ``waitForRoom()`` is to be called.
    func append(_ text: ByteBuffer, at offset: UInt64) -> LiveStream.Fed { stream.append(text, at: offset) }

    func waitForRoom() async { await stream.waitForRoom() }

    /// How far the text is; `nil` where another node has taken the stream.
    var produced: FedStreamAnswer? { stream.produced }
}
