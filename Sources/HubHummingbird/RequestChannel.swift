/// What a task that answers requests knows of the channel that they come on.
struct RequestChannel: Sendable {
    @TaskLocal static var current: RequestChannel?

    let watch: ClientWatch
    /// Nil for one request of a connection of HTTP/2.
    let connection: ReusedConnection?
}

extension ClientWatch {
    /// That of the connection whose requests this task answers.
    static var current: ClientWatch? { RequestChannel.current?.watch }
}

extension ReusedConnection {
    /// That whose requests this task answers.
    static var current: ReusedConnection? { RequestChannel.current?.connection }
}
