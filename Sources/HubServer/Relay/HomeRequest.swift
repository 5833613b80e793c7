package import NIOCore

/// What a client asks of its connection with one HTTP request (TransportProtocols.md).
package enum HomeRequest: Sendable {
    /// `POST`: bytes for the hub, all of a request's body. Answered with ``HomeAnswer/accepted`` when there is room for
    /// them.
    case send(ByteBuffer)
    /// A large `POST` is about to be read. Answered with ``HomeAnswer/accepted`` when the connection has its transport, and
    /// room for more bytes.
    case room
    /// `GET` of long polling: answered with ``HomeAnswer/poll(_:)``.
    ///
    /// The request is what the hub gets to see of the connection where this is its first poll; nil where it cannot be.
    case poll(ConnectionRequest?)
    /// `GET` of server-sent events: answered with ``HomeAnswer/opened(_:)``.
    case serverSentEvents(ConnectionRequest, any SessionPeer)
    /// `GET` of a WebSocket by a client that goes on with its connection: answered with ``HomeAnswer/opened(_:)``.
    case webSocket(any SessionPeer)
    /// `DELETE`: ends a connection of long polling.
    case terminate
}

/// What the home of a connection answers to a request.
package enum HomeAnswer: Sendable {
    /// The bytes of a `POST` are in the connection's buffer, or may come.
    case accepted
    case poll(PollAnswer)
    /// A stream or socket is the connection's transport from now on; what the home says of it begins after this.
    case opened(any SessionPeer)
    case terminated
    case refused(HomeRefusal)
}

/// What a poll is answered with (TransportProtocols.md, "Poll for message").
package enum PollAnswer: Sendable, Equatable {
    /// The first poll of a connection: it is made.
    case connected
    /// Whole hub messages. They stay with the home until ``ConnectionHome/finished(_:delivered:)``.
    case messages(ByteBuffer)
    /// Nothing came for as long as a poll may wait.
    case timedOut
    /// The connection has ended, or a newer poll has taken this one's place.
    case ended
}

/// Why the home of a connection refuses a request. The raw value is sent between nodes.
package enum HomeRefusal: UInt8, Sendable, Error {
    /// There is no such connection, or none of this user's.
    case unknownConnection = 1
    /// The connection has another transport than the request is made for.
    case otherTransport = 2
    /// The connection has its stream or socket already.
    case alreadyAttached = 3
    case sendToWebSocket = 4
    case notTerminable = 5
    /// What the client sent before was not read in time.
    case tooManySends = 6
    /// The server goes away.
    case shuttingDown = 7
    /// The home could not be asked, or did not answer in time.
    case unavailable = 8
}
