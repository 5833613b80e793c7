import HubBackplane
public import NIOCore

extension ChunkStreams {
    /// Takes a stream that nobody writes yet, or whose producer was lost before it wrote any text.
    ///
    /// - Parameters:
    ///   - meta: What ``create(_:meta:)`` was given, to be written again should it be lost.
    ///   - epoch: Greater than any that the stream may have had before the backplane lost its data.
    ///   - isFed: Whether a backend says what is in the stream. Viewers see of it what is in the log.
    ///   - follower: A node that reads the stream already. Others, and this one should it be left out, ask by themselves
    ///     when they see the opening.
    /// - Returns: Its writer, `nil` where another one was first: then nothing was written or shown.
    /// - Throws: ``BackplaneError`` where it could not be found out.
    public func open(
        _ id: ChunkStreamID, meta: ByteBuffer, epoch: UInt64 = 1, isFed: Bool = false,
        follower: StreamFollower? = nil
    ) async throws -> ChunkProducer? {
        try await producer(of: id) { names, term in
            guard let opening = try await node.open(names, epoch: epoch, isFed: isFed) else { return nil }
            var production = Production(epoch: opening.epoch, term: term, meta: meta, isFed: isFed)
            if let follower, follower.node != node.id {
                production.feed(LogFollower(channel: node.names.feed(of: follower.node), tag: follower.tag))
            }
            let stream = produced(id, opening, production)
            if node.leases.term != nil { stream.compareInNewTerm() }
            return stream
        }
    }

    /// Makes this node the writer of a stream, where it does not try to already.
    ///
    /// - Parameter open: Gets the term of the lease from before anything is sent; returns `nil` where another node is the
    ///   writer.
    func producer(
        of id: ChunkStreamID, open: (_ names: BackplaneNames.Stream, _ term: UInt64?) async throws -> LiveStream?
    ) async throws -> ChunkProducer? {
        guard node.registry.claimOpening(id) else { return nil }
        defer {
            for request in node.registry.releaseOpening(id) { node.registry[id]?.isFollowed(request) }
        }
        guard let stream = try await open(node.names.stream(id.rawValue), node.leases.term) else { return nil }
        Task { await honourEarlierStop(of: stream) }
        return ChunkProducer(stream: stream)
    }

    func produced(
        _ id: ChunkStreamID, _ opening: StreamEntry.Opening, text: StreamText = StreamText(), _ production: Production
    ) -> LiveStream {
        while true {
            let (stream, isNew) = node.registry.stream(id) {
                LiveStream(id: id, opening: opening, text: text, production: production, node: node)
            }
            if isNew || stream.produce(opening, production, text: text) { return stream }
            node.registry.remove(stream)
        }
    }

    private func honourEarlierStop(of stream: LiveStream) async {
        guard var value = try? await node.backplane.get(stream.names.stop), let epoch: UInt32 = value.readInteger()
        else { return }
        stream.stop(epoch: UInt64(epoch))
    }
}

extension StreamNode {
    /// Writes an opening entry.
    ///
    /// - Returns: What was written, `nil` where another node writes the stream, or it has ended.
    fileprivate func open(
        _ names: BackplaneNames.Stream, epoch: UInt64, isFed: Bool
    ) async throws -> StreamEntry.Opening? {
        let opening = StreamEntry.Opening(epoch: epoch, textEpoch: epoch, node: id, isFed: isFed)
        var unanswered: BackplaneError?
        do {
            // Not a plain append: its message would go out even where the log refuses it, and readers that know of no other
            // opening yet would take it for the one that counts.
            let append = LogAppend.opening(opening, names: names, configuration: configuration)
            if try await backplane.append(append, ifLastIs: nil) { return opening }
        } catch let error as BackplaneError where error.code == .timeout {
            unanswered = error
        }
        let survey = try await survey(names)
        guard let last = survey.opening else {
            if survey.last == nil, let unanswered { throw unanswered }
            return nil
        }
        guard survey.end == nil, survey.chunks == 0 else { return nil }
        // An answer was lost, of this try or of one before: it was a yes.
        if last.node == id { return last }
        return try await takeOver(names, from: last.node, survey: survey, isFed: isFed)
    }

    /// Begins the text anew: nobody has seen any of it, so nobody notices.
    private func takeOver(
        _ names: BackplaneNames.Stream, from producer: NodeID, survey: LogSurvey, isFed: Bool
    ) async throws -> StreamEntry.Opening? {
        guard let last = survey.last, await leases.judgesDead(producer) else { return nil }
        guard survey.beginnings < configuration.maximumBeginnings else {
            _ = try await end(names, surveyed: survey, as: .failed(.workerLost))
            return nil
        }
        let opening = StreamEntry.Opening(
            epoch: last.epoch + 1, textEpoch: last.epoch + 1, node: id, isFed: isFed)
        let append = LogAppend.opening(opening, names: names, configuration: configuration)
        return try await backplane.append(append, ifLastIs: last) ? opening : nil
    }
}
