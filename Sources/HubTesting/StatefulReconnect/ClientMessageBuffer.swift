package import HubProtocol
package import NIOCore

/// The counting and keeping of messages as the JavaScript client does it (`MessageBuffer` there), with its weaknesses: it
/// drops everything before a Sequence, and gives up where one is ahead of what it has counted. A value without I/O.
package struct ClientMessageBuffer {
    /// The server is ahead of this client: it gives the connection up.
    package struct OutOfSequence: Error, Equatable {
        package let sequenceID: Int64
    }

    private var messages: [(id: Int64, bytes: ByteBuffer)] = []
    private var lastID: Int64 = 0
    private var nextReceivingID: Int64 = 1
    /// The highest number that was received.
    package private(set) var latestReceivedID: Int64 = 0
    private var waitsForSequence = false
    /// No socket is there, or what was not acknowledged is being sent again.
    package private(set) var isReconnecting = false

    package init() {}

    /// How many messages the server has not acknowledged.
    package var unacknowledged: Int { messages.count }

    /// - Returns: Whether to write it now; else it is written with what is sent again.
    package mutating func send(_ message: HubMessage, as bytes: ByteBuffer) -> Bool {
        if message.isSequenced {
            lastID += 1
            messages.append((lastID, bytes))
        }
        return !isReconnecting
    }

    package enum Received: Equatable {
        /// It is new, or not counted.
        case process
        case ignore
    }

    /// - Returns: What to do, and whether an acknowledgement is due in a second.
    package mutating func received(_ message: HubMessage) throws(OutOfSequence) -> (Received, startsAckTimer: Bool) {
        if waitsForSequence {
            guard case .sequence = message else { return (.ignore, false) }
            waitsForSequence = false
        }
        switch message {
        case .ack(let id):
            messages.removeAll { $0.id <= id }
        case .sequence(let id):
            guard id <= nextReceivingID else { throw OutOfSequence(sequenceID: id) }
            nextReceivingID = id
        default:
            guard message.isSequenced else { break }
            defer { nextReceivingID += 1 }
            guard nextReceivingID > latestReceivedID else { return (.ignore, nextReceivingID == latestReceivedID) }
            latestReceivedID = nextReceivingID
            return (.process, true)
        }
        return (.process, false)
    }

    package mutating func disconnected() {
        isReconnecting = true
        waitsForSequence = true
    }

    /// A new socket is there.
    ///
    /// - Returns: The number to begin with, and what is sent behind it.
    package mutating func resend() -> (sequenceID: Int64, messages: [ByteBuffer]) {
        isReconnecting = false
        return (messages.first?.id ?? lastID + 1, messages.map(\.bytes))
    }
}
