/// Sends the elements of a stream to the client that asked for it, no faster than it takes them.
struct HubStreamWriter: Sendable {
    /// What the hub's filters make of an item, nil for nothing.
    typealias Filter = @Sendable (HubValue) async throws -> HubValue?

    let connection: HubConnection
    let invocationID: String
    let filter: Filter?

    func write<Elements: AsyncSequence & SendableMetatype>(all elements: Elements) async throws(HubStreamError)
    where Elements.Element: Encodable {
        do {
            for try await element in elements {
                var item = try HubValue(encoding: element)
                if let filter {
                    guard let filtered = try await filter(item) else { continue }
                    item = filtered
                }
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
