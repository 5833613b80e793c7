import HubBackplane

/// Streams that backends feed, and whose producing nodes are dead. What anybody has seen of one is in its log, and what is in
/// the log is known to its backend by its place: so any node can go on with it.
extension ChunkStreams {
    /// Nobody can go on with the stream: no backend feeds it, or its log lacks something.
    struct CannotGoOn: Error {}

    /// Goes on with a stream, under the next epoch and with the text that is in the log.
    ///
    /// - Returns: Its writer; `nil` where another one is about to write it, or it has ended.
    /// - Throws: ``CannotGoOn``, or ``BackplaneError`` where it could not be found out.
    func goOn(with id: ChunkStreamID, from producer: NodeID) async throws -> ChunkProducer? {
        try await self.producer(of: id) { names, term in
            let survey = try await node.survey(names, keepsText: true)
            guard survey.end == nil, let lost = survey.opening, lost.node == producer, !node.leases.isAlive(producer)
            else { return nil }
            guard lost.isFed, !survey.hasHole, let last = survey.last, let text = survey.text,
                let meta = try await node.backplane.get(names.meta)
            else { throw CannotGoOn() }
            let opening = StreamEntry.Opening(
                epoch: last.epoch + 1, textEpoch: lost.textEpoch, node: node.id, isFed: true)
            let append = LogAppend.opening(opening, names: names, configuration: node.configuration)
            guard try await node.backplane.append(append, ifLastIs: last) else { return nil }
            let production = Production(
                epoch: opening.epoch, term: term, meta: meta, isFed: true, logged: survey.chunks)
            let stream = produced(id, opening, text: text, production)
            // The text is written again under its seqs, as by any writer that goes on with one.
            stream.compareWithLog()
            return stream
        }
    }

    /// How much text the log has of a stream that somebody could go on with; `nil` where nobody can.
    func position(ofLost id: ChunkStreamID) async throws -> FedStreamPosition? {
        let survey = try await node.survey(node.names.stream(id.rawValue))
        guard survey.end == nil, !survey.hasHole, survey.opening?.isFed == true else { return nil }
        return FedStreamPosition(chunks: survey.chunks, bytes: survey.bytes)
    }
}
