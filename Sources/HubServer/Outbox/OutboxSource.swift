package import NIOCore

/// Something a connection writes from when its transport can take more.
///
/// A source is put into a connection's outbox when it has something to say (``HubConnection/enqueue(_:)``, from any
/// thread, at most once until it was asked). It keeps what waits in its own form, so that text which waits for a slow
/// client merges into fewer, longer messages instead of growing a queue.
package protocol OutboxSource: AnyObject, Sendable {
    /// Writes what waits as whole hub messages. Called on the connection's event loop.
    ///
    /// - Parameters:
    ///   - buffer: Appended to; the source stops adding messages once it holds `limit` bytes. Where it is empty, the
    ///     source writes a message at least.
    ///   - limit: A soft bound for the bytes in `buffer`.
    /// - Returns: Whether something still waits; the source is then asked again when the transport can take more.
    func write(into buffer: inout ByteBuffer, limit: Int) -> Bool

    /// The connection ended: nothing will be asked for any more. Called once, on the connection's event loop.
    func connectionEnded()
}
