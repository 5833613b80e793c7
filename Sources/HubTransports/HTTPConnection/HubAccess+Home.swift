import HubServer
import NIOCore

/// Where a request is answered: here, at another node, or nowhere.
extension HubAccess {
    /// Asks the connection's home, wherever that is; where there is none and the token may still make one, here.
    ///
    /// - Returns: The answer, and who gave it.
    func ask(
        _ request: HomeRequest, of target: Target, on eventLoop: any EventLoop,
        _ exchange: HTTPExchange = HTTPExchange()
    ) async throws(HubRefusal) -> (answer: HomeAnswer, home: any ConnectionHome) {
        var home = endpoint.home(target.id)
        if home == nil, target.isFresh, request.isUsuallyFirst {
            home = try await made(target, on: eventLoop)
        }
        let asked = if let home { home } else { await endpoint.server.relay.home(of: target.id) }
        let answer = await exchange.ask(request, identity: target.identity, of: asked)
        guard case .refused(.unknownConnection) = answer, home == nil, target.isFresh, !request.isUsuallyFirst,
            let made = try await made(target, on: eventLoop)
        else { return (answer, asked) }
        return (await HTTPExchange().ask(request, identity: target.identity, of: made), made)
    }

    /// Makes the connection's home here, unless that was done somewhere already. Nothing of an answer may leave before its
    /// channel is listened to.
    private func made(_ target: Target, on eventLoop: any EventLoop) async throws(HubRefusal) -> HTTPConnection? {
        guard !endpoint.server.isShuttingDown else { throw .shuttingDown }
        guard !endpoint.server.relay.isElsewhere(target.id) else { return nil }
        let place = try security.limiter?.connect(from: target.address)
        let isFirst = try? await endpoint.claim(target.id, timeToLive: tokens.claimLifetime)
        guard isFirst == true else {
            place?.release()
            guard isFirst == false else { throw .backplaneAway }
            endpoint.server.relay.found(target.id, elsewhereFor: tokens.claimLifetime)
            return nil
        }
        let home = try? await eventLoop.submit { [endpoint] in
            HTTPConnection(
                id: target.id, userID: target.identity.userID, endpoint: endpoint, place: place, eventLoop: eventLoop)
        }.get()
        guard let home else { throw .shuttingDown }
        home.listens(await endpoint.reserve(target.id))
        return home
    }
}

extension HomeRequest {
    /// Whether a request with a fresh token is more often the first of its connection than not: it is then tried to make the
    /// connection before it is looked for.
    fileprivate var isUsuallyFirst: Bool {
        switch self {
        case .serverSentEvents, .poll: true
        case .send, .webSocket, .terminate: false
        }
    }
}
