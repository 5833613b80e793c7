import NIOCore
import Synchronization

@testable import HubServer

/// A WebSocket at its edge.
final class ResumedSocket: Sendable {
    let peer = PeerOfTest()
    private let home = Mutex<(any SessionPeer)?>(nil)
    private let taken = Mutex(0)

    func opened(_ home: any SessionPeer) { self.home.withLock { $0 = home } }

    /// Text in which ␞ stands for the record separator.
    func send(_ text: String) { say(.data(ByteBuffer(string: text.replacing("␞", with: "\u{1E}")))) }

    func end(_ end: SessionEnd) { say(.ended(end)) }

    func consume(_ bytes: Int) { say(.consumed(bytes)) }

    private func say(_ message: SessionMessage) { home.withLock { $0 }?.take(message) }

    private var data: [ByteBuffer] {
        peer.said.compactMap { if case .data(let bytes) = $0 { bytes } else { nil } }
    }

    /// The messages since the last call.
    func takeMessages() -> [String] {
        let all = data.map { String(buffer: $0) }.joined().split(separator: "\u{1E}").map(String.init)
        return taken.withLock { taken in
            defer { taken = all.count }
            return Array(all.dropFirst(taken))
        }
    }

    var closes: [TransportClose] {
        peer.said.compactMap { if case .close(let close) = $0 { close } else { nil } }
    }
}
