/// Sends the elements of a stream to the client that asked for it, no faster than it takes them.
struct HubStreamWriter: Sendable {
    let connection: HubConnection
    let invocationID: String

    func write<Elements: AsyncSequence & SendableMetatype>(all elements: Elements) async throws(HubStreamError)
    where Elements.Element: Encodable {
        do {
            for try await element in elements {
                let item = try HubValue(encoding: element)
                connection.enqueue(try connection.encoding.streamItem(item, of: invocationID))
                await connection.waitForRoom()
                try Task.checkCancellation()
            }
        } catch {
            throw HubStreamError(underlying: error)
        }
    }
}

/// A stream failed after it had begun.
struct HubStreamError: Error {
    let underlying: any Error
}
