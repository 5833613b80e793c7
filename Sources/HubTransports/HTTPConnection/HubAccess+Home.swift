import HubServer
import NIOCore

/// Where a request is answered: here, at another node, or nowhere.
extension HubAccess {
    /// An answer, the exchange that it was given to, and who gave it.
    typealias Answer = (answer: HomeAnswer, exchange: HTTPExchange, home: any ConnectionHome)

    /// How long a node may take from its claim of a connection until requests reach the connection there.
    private static let makingTime = Duration.seconds(1)

    /// Asks the connection's home, wherever that is; where there is none and the token may still make one, here.
    ///
    /// - Parameter makeExchange: Called before each time that a home is asked.
    func ask(
        _ request: HomeRequest, of target: Target, on eventLoop: any EventLoop,
        makeExchange: () -> HTTPExchange = { HTTPExchange() }
    ) async throws(HubRefusal) -> Answer {
        var home = endpoint.home(target.id)
        if home == nil, target.isFresh, request.isUsuallyFirst {
            home = try await made(target, on: eventLoop)
        }
        let answer = await ask(request, of: target, at: home, makeExchange())
        guard case .refused(.unknownConnection) = answer.answer, home == nil, target.isFresh else { return answer }
        if !request.isUsuallyFirst, let made = try await made(target, on: eventLoop) {
            return await ask(request, of: target, at: made, makeExchange())
        }
        return await askAgain(request, of: target, makeExchange) ?? answer
    }

    /// Clients may send before their first `GET` is answered, and the two may arrive at different nodes: who comes second
    /// finds the connection claimed, and nobody who knows it for some milliseconds.
    private func askAgain(
        _ request: HomeRequest, of target: Target, _ makeExchange: () -> HTTPExchange
    ) async -> Answer? {
        var answer: Answer?
        var pause = Duration.milliseconds(5)
        let end = ContinuousClock.now + Self.makingTime
        while ContinuousClock.now < end, await endpoint.isClaimed(target.id) {
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(100))
            let next = await ask(request, of: target, at: endpoint.home(target.id), makeExchange())
            guard case .refused(.unknownConnection) = next.answer else { return next }
            answer = next
        }
        return answer
    }

    /// - Parameter home: Nil where the connection is not on this node.
    private func ask(
        _ request: HomeRequest, of target: Target, at home: (any ConnectionHome)?, _ exchange: HTTPExchange
    ) async -> Answer {
        let home = if let home { home } else { await endpoint.server.relay.home(of: target.id) }
        return (await exchange.ask(request, identity: target.identity, of: home), exchange, home)
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
        let home = try? await eventLoop.submit { [endpoint, claimLifetime = tokens.claimLifetime] in
            HTTPConnection(
                id: target.id, userID: target.identity.userID, endpoint: endpoint, place: place,
                claimLifetime: claimLifetime, eventLoop: eventLoop)
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
        case .send, .room, .webSocket, .terminate: false
        }
    }
}
