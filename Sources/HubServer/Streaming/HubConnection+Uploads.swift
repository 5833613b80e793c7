import HubProtocol
import NIOCore

/// Streams of the client's, on the event loop.
extension HubConnection {
    /// One of these that is in use already, or twice among them.
    func streamIDInUse(_ ids: [String]) -> String? {
        ids.indices.first { ids[..<$0].contains(ids[$0]) || state.uploads?.isOpen(ids[$0]) == true }.map { ids[$0] }
    }

    /// Opens the streams that an invocation brings.
    func withUploads(_ invocation: Invocation) -> Invocation {
        guard !invocation.message.streamIDs.isEmpty else { return invocation }
        let uploads = state.uploads ?? makeUploads()
        state.uploads = uploads
        var invocation = invocation
        invocation.uploads = invocation.message.streamIDs.map {
            HubUploadSource(uploads: uploads, number: uploads.open($0), encoding: encoding)
        }
        return invocation
    }

    private func makeUploads() -> Uploads {
        Uploads(capacity: endpoint.options.streamBufferCapacity) { [weak self] in
            guard let self else { return }
            loop.eventLoop.execute { self.uploadsHaveRoom() }
        }
    }

    private func uploadsHaveRoom() {
        state.isUploadFull = false
        if !state.isReading { readMessages() }
    }

    /// The method has returned.
    func closeUploads(of invocation: Invocation) {
        for source in invocation.uploads { source.uploads.close(source.number) }
        if !invocation.uploads.isEmpty, state.uploads?.isEmpty == true { state.uploads = nil }
    }

    /// The end of a stream. One of an unknown stream is ignored: its method may have returned.
    func completed(_ completion: CompletionMessage) {
        var error: HubError?
        if case .error(let text) = completion.outcome { error = HubError(text) }
        _ = state.uploads?.end(completion.invocationID, error: error)
    }
}
