import HubProtocol

/// Counts the messages of a client, knows those that come again, and owes it acknowledgements. A value without I/O.
struct SequenceReceiver {
    /// The number of the message that comes next.
    private var nextID: Int64 = 1
    /// The highest number that was taken.
    private var latestID: Int64 = 0

    /// Whether the client waits for word of what it has sent.
    private(set) var owesAck = false

    /// A message came that is counted.
    ///
    /// - Returns: Whether it is new.
    mutating func received() -> Bool {
        defer { nextID += 1 }
        // One that comes again was acknowledged in vain, if at all.
        owesAck = true
        guard nextID > latestID else { return false }
        latestID = nextID
        return true
    }

    /// The client says the number of the message that comes next.
    ///
    /// - Throws: `invalidProperty` where messages before that one are missing, and for what is no number of a message: it
    ///   would make everything that follows look as if it had come before (dotnet/aspnetcore issue 69283).
    mutating func begin(at id: Int64) throws(HubProtocolError) {
        guard id >= 1 else { throw HubProtocolError(.invalidProperty, "The sequence id is not a positive number.") }
        // Not compared with `nextID`: a socket may end while messages come again, when the client knows by an
        // acknowledgement that they are all here.
        guard id <= latestID + 1 else {
            throw HubProtocolError(
                .invalidProperty, "Sequence ID greater than amount of messages we've received.")
        }
        nextID = id
    }

    /// The number to acknowledge now, nil for none.
    mutating func takeAck() -> Int64? {
        guard owesAck else { return nil }
        owesAck = false
        return latestID
    }
}
