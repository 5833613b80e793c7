import HTTPTypes
import HubServer
import NIOCore

/// Streams of text that a backend feeds, and that any node takes requests for.
extension ManagementAPI {
    func openStream(_ body: ByteBuffer, at endpoint: HubEndpoint) async -> ManagementAnswer {
        guard let streams = endpoint.streams else { return .noStreams }
        guard let asked = StreamOpeningBody(body: body.readableBytes == 0 ? ByteBuffer(string: "{}") : body) else {
            return .badStreamBody("{\"to\":{\"user\":\"ada\"}}")
        }
        var opening = HubStreamOpening(id: asked.messageId, owner: asked.user)
        if let audience = asked.to {
            guard let address = audience.address else {
                return ManagementAnswer(
                    .badRequest, error: "BadBody", "A stream goes to one connection, one group or one user.")
            }
            opening.audience = address
        }
        let names = [asked.to?.group, asked.to?.user, asked.to?.connection, asked.user].compactMap(\.self)
        guard names.allSatisfy({ (1...ManagementRoute.maximumNameLength).contains($0.utf8.count) }) else {
            return ManagementAnswer(.badRequest, error: "BadName", "A name is empty or too long.")
        }
        return ManagementAnswer(await streams.open(opening, at: endpoint), done: .created)
    }

    func perform(
        _ operation: ManagementRoute.StreamOperation, onStream id: String, of endpoint: HubEndpoint, _ body: ByteBuffer
    ) async -> ManagementAnswer {
        guard let streams = endpoint.streams else { return .noStreams }
        switch operation {
        case .find:
            return ManagementAnswer(await streams.state(of: id), done: .ok)
        case .append:
            guard let append = StreamAppendBody(body: body) else {
                return .badStreamBody("{\"offset\":0,\"text\":\"…\"}")
            }
            return ManagementAnswer(await streams.append(append.text, at: append.offset, to: id), done: .ok)
        case .end:
            guard let end = StreamEndBody(body: body), let finish = end.streamFinish else {
                return .badStreamBody("{\"offset\":0,\"finish\":\"completed\"}")
            }
            return ManagementAnswer(await streams.end(id, at: end.offset, finish, usage: end.usage), done: .ok)
        case .stop:
            return ManagementAnswer(await streams.stop(id), done: .ok)
        }
    }
}
