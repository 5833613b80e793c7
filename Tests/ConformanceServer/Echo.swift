import HubServer

/// Says what it is told, without a hub.
enum Echo {
    /// Tests see by the end of the connection whether their client has sent the cookie of its negotiation; WebSockets, whose
    /// clients may be unable to send one, need none.
    @Sendable static func serve(_ connection: ClientConnection) async throws {
        guard connection.request.transport == .webSockets || connection.request.cookie("testCookie") != nil else {
            return
        }
        for await message in connection.messages { try await connection.send(message) }
    }
}
