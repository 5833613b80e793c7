/// The home of a connection whose client speaks to it in several HTTP requests, as the edges see it at which these arrive.
///
/// What edge and home say to each other are values. Where both are on one node they call each other, with no more between
/// them than a turn of the home's event loop; where they are not, the relay carries the same values.
package protocol ConnectionHome: AnyObject, Sendable {
    /// The hub's side of the connection, once it has one; nil where it is another node's, or no hub's.
    var hubConnection: HubConnection? { get async }

    /// Takes a request of the client, from any thread. Requests are dealt with in the order of these calls.
    ///
    /// - Parameters:
    ///   - identity: Who made the request. One of another user than the connection's is refused.
    ///   - exchange: Gets the answer.
    func take(_ request: HomeRequest, identity: HubIdentity, from exchange: any EdgeExchange)

    /// Takes word of what became of a poll, from any thread: called once for each that was not refused. Also called for
    /// bytes that wait for room and that the client was told are not taken, and for what waits to send such.
    ///
    /// - Parameter delivered: Whether its answer was written to the client. `false` where the client had left, be it
    ///   before the request was answered.
    func finished(_ exchange: any EdgeExchange, delivered: Bool)
}

/// One HTTP request at its edge, as the home sees it.
package protocol EdgeExchange: AnyObject, Sendable {
    /// Takes the home's answer, from any thread. There is one.
    func answer(_ answer: HomeAnswer)

    /// The answer will be long in coming: a poll waits for messages, or a body for room. May be called again.
    func hold()
}

/// One end of a session, which is a stream or a socket of a client's and lasts from ``HomeAnswer/opened(_:)`` to the
/// first end's word that it is over.
package protocol SessionPeer: AnyObject, Sendable {
    /// Takes what the other end says, from any thread, in order.
    func take(_ message: SessionMessage)
}
