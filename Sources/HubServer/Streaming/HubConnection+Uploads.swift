import HubProtocol
import NIOCore

/// Streams of the client's, on the event loop.
extension HubConnection {
    /// One of these that is in use already, or twice among them.
    func streamIDInUse(_ ids: [String]) -> String? {
        ids.indices.first { index in
            let id = ids[index]
            return ids[..<index].contains(id) || state.uploads?.isOpen(id) == true
                || state.clientInvocations.contains(id)
        }.map { ids[$0] }
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

    /// The client has ended a stream of its own, or answered what the hub has asked. What belongs to neither is ignored: the
    /// method may have returned, the time for an answer be over.
    func completed(_ completion: CompletionMessage) {
        let id = completion.invocationID
        switch completion.outcome {
        case .error(let text):
            if state.uploads?.end(id, error: HubError(text)) != true { answered(id, .error(text)) }
        case .result(let value):
            if state.uploads?.end(id, error: nil) != true { answered(id, .result(ReceivedValue(value, encoding))) }
        case .void, .streamEnd:
            if state.uploads?.end(id, error: nil) != true { answered(id, .result(.null(encoding))) }
        }
    }
}
