package import HubProtocol
package import NIOCore

/// The sending half of a transport, as a ``HubConnection`` sees it. Used on the transport's event loop only.
package protocol ConnectionTransport: AnyObject {
    /// The event loop that the transport and its connection live on.
    var eventLoop: any EventLoop { get }

    /// Sends what is written from now on as text or as bytes; text in the beginning. Told before the handshake is answered.
    func use(_ format: TransferFormat)

    /// Whether the transport takes more bytes now. When it turns true again the transport calls
    /// ``HubConnection/transportBecameWritable()``.
    var isWritable: Bool { get }

    /// Whether the transport itself ends when its client takes nothing for too long, so that the connection does not
    /// count that time: long polling takes messages only while a poll is there.
    var timesItsWrites: Bool { get }

    /// Sends whole hub messages, one or several, as one transport message (a WebSocket frame, an event, a poll's body).
    ///
    /// What the outbox has joined is this buffer's alone and leaves 16 free bytes in front of its reader index, for a
    /// frame's header to be written without another buffer. Other messages may be shared with other connections.
    func write(_ messages: consuming ByteBuffer)

    /// Sends a hub message that only counts now, a ping or an acknowledgement, at once and as a transport message of its own;
    /// drops it where the transport takes no bytes.
    func writeNow(_ message: ByteBuffer)

    /// Passes what was written on to the client.
    func flush()

    /// Stops (`false`) or goes on (`true`) reading from the client.
    func setReading(_ isReading: Bool)

    /// Ends the transport after everything written has left.
    func close(_ close: TransportClose)
}

extension ConnectionTransport {
    /// For a transport that makes no difference between text and bytes.
    package func use(_ format: TransferFormat) {}

    package var timesItsWrites: Bool { false }

    package func writeNow(_ message: ByteBuffer) {
        guard isWritable else { return }
        write(message)
        flush()
    }
}

/// A transport whose place another one can take (stateful reconnect).
package protocol ReplaceableTransport: ConnectionTransport {
    /// Ends at once. The connection has another transport from now on, and is told nothing more by this one.
    func abandon()
}

/// How a transport is to be ended. The raw value is sent between nodes.
package enum TransportClose: UInt8, Sendable, Equatable {
    /// In good order: a WebSocket closes with 1000.
    case normal = 1
    /// The server goes away: a WebSocket closes with 1001.
    case goingAway = 2
    /// The server failed: a WebSocket closes with 1011.
    case failed = 3
    /// At once, nothing more is said.
    case abort = 4
    /// The client has sent a message that is too long: a WebSocket closes with 1009.
    case messageTooBig = 5
}
