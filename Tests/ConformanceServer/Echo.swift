import HubServer

/// Says what it is told, without a hub.
enum Echo {
    @Sendable static func serve(_ connection: ClientConnection) async throws {
        for await message in connection.messages { try await connection.send(message) }
    }

    /// The same for a client that shows the cookie of its negotiation; tests see by the end of the connection that theirs
    /// did not.
    @Sendable static func serveWithCookie(_ connection: ClientConnection) async throws {
        if connection.request.cookie("testCookie") != nil { try await serve(connection) }
    }
}
