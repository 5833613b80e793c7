/// The tokens of one credential. All who ask for the same one at the same time wait for one request; a token that is due to be
/// refreshed is used while that happens, and also when it fails.
actor TokenCache {
    typealias Fetch = @Sendable (TokenRequestContext) async throws -> AccessToken

    private let clock: IdentityClock
    private let jitter: @Sendable () -> Double
    private let fetch: Fetch
    private var state = StateMachine()
    private var waiting: [StateMachine.Key: [Int: CheckedContinuation<AccessToken, any Error>]] = [:]
    private var lastWaiter = 0

    init(
        clock: IdentityClock, jitter: @escaping @Sendable () -> Double = { .random(in: 0..<1) }, fetch: @escaping Fetch
    ) {
        self.clock = clock
        self.jitter = jitter
        self.fetch = fetch
    }

    func token(for context: TokenRequestContext) async throws -> AccessToken {
        try Task.checkCancellation()
        let key = StateMachine.Key(context)
        switch state.request(key, refused: context.refusedToken, now: clock.now()) {
        case .use(let token): return token
        case .refresh(let token):
            start(context, key)
            return token
        case .fetch:
            start(context, key)
            return try await wait(for: key)
        case .join: return try await wait(for: key)
        }
    }

    /// The request is nobody's: who asked first may give up while others wait.
    private func start(_ context: TokenRequestContext, _ key: StateMachine.Key) {
        Task {
            do {
                finish(key, .success(try await fetch(context)))
            } catch {
                finish(key, .failure(error))
            }
        }
    }

    private func finish(_ key: StateMachine.Key, _ result: Result<AccessToken, any Error>) {
        let token = state.finished(key, token: try? result.get(), now: clock.now(), jitter: jitter())
        for waiter in (waiting.removeValue(forKey: key) ?? [:]).values {
            waiter.resume(with: token.map { .success($0) } ?? result)
        }
    }

    private func wait(for key: StateMachine.Key) async throws -> AccessToken {
        lastWaiter += 1
        let id = lastWaiter
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiting[key, default: [:]][id] = $0 }
        } onCancel: {
            // Runs on the actor after the line above, which does not suspend before it has registered.
            Task { await self.giveUp(id, key) }
        }
    }

    private func giveUp(_ id: Int, _ key: StateMachine.Key) {
        waiting[key]?.removeValue(forKey: id)?.resume(throwing: CancellationError())
    }
}
