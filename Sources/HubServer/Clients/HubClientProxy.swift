/// Some clients to send to.
public struct HubClientProxy: Sendable {
    private let endpoint: HubEndpoint
    private let destination: HubDestination

    init(_ destination: HubDestination, of endpoint: HubEndpoint) {
        self.endpoint = endpoint
        self.destination = destination
    }

    /// Calls a method on the clients and does not wait for an answer.
    ///
    /// A connection on this node gets the message directly; others through the backplane. It is no error when nobody is
    /// there, or when other nodes cannot be reached: whoever must not miss anything reads it from a log.
    ///
    /// - Parameters:
    ///   - target: The method's name on the client.
    ///   - arguments: The method's arguments, encoded in the protocols that the clients speak.
    /// - Throws: `EncodingError` when an argument cannot be encoded.
    public func send<each Argument: Encodable & Sendable>(
        _ target: String, _ arguments: repeat each Argument
    ) async throws {
        var values: [HubValue] = []
        for argument in repeat each arguments { values.append(try HubValue(encoding: argument)) }
        guard let connection = endpoint.soleLocalReceiver(of: destination) else {
            return endpoint.deliver(try SharedMessage(target: target, values), to: destination)
        }
        connection.enqueue(try connection.encoding.invocation(of: target, values))
        // One receiver here: a loop of sends goes at its pace. Of many, none may hold up the others.
        await connection.waitForRoom()
    }
}
