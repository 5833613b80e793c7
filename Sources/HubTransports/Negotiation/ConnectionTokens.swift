package import HubBackplane
package import HubServer
package import Logging
import NIOCore
import Synchronization

/// Issues and checks the connection tokens of a cluster.
///
/// The secret that signs them is made up by the first node and kept on the backplane: a node offers its own, reads what
/// is there, and signs with that from then on. What it signed with before is still accepted, since clients hold tokens
/// of it. All deadlines are by the backplane's clock, so the nodes' own clocks may differ.
package final class ConnectionTokens: Sendable {
    private struct State {
        /// The one that signs comes first.
        var secrets: [[UInt8]] = []
        var keys: [TokenKey] = []
        var agreedAt: ContinuousClock.Instant?
        var agreement: Task<Void, Never>?

        /// Signs with the first of them from now on. What was signed before is still accepted, since clients hold tokens of it.
        mutating func use(_ accepted: [[UInt8]]) {
            guard !secrets.starts(with: accepted) else { return }
            secrets = Array((accepted + secrets.filter { !accepted.contains($0) }).prefix(ConnectionTokens.secretLimit))
            keys = secrets.map { TokenKey(secret: $0) }
        }
    }

    /// How many are accepted. More than one change within a token's life is an operator's doing.
    private static let secretLimit = 4
    private static let secretLifetime = Duration.seconds(30 * 24 * 3600)
    private static let agreementLifetime = Duration.seconds(3600)

    private let backplane: any Backplane
    private let time: ClusterTime
    private let name: KeyName
    private let lifetime: Duration
    /// The operator's secret, where one was given.
    private let given: RotatingSecret?
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - time: What deadlines are read from.
    ///   - secret: The secret of all nodes, where the operator gave one; else the nodes agree on one.
    ///   - lifetime: How long after negotiating a token can be used (ASP.NET's `DisconnectTimeout`).
    package init(
        backplane: any Backplane, time: ClusterTime, names: BackplaneNames, secret: RotatingSecret? = nil,
        lifetime: Duration, logger: Logger
    ) {
        self.backplane = backplane
        self.time = time
        self.name = names.clusterSecret
        self.lifetime = lifetime
        self.given = secret
        self.logger = logger
        var first = State()
        first.use(secret?.accepted ?? [ConnectionID.randomBytes() + ConnectionID.randomBytes()])
        state = Mutex(first)
        backplane.observeState { [weak self] change in
            if change == .ready { _ = self?.agree() }
        }
    }

    /// How long a claim of a connection id is kept: as long as its token could be shown again.
    var claimLifetime: Duration { lifetime + .seconds(5) }

    /// A token for a new connection, and the connection's public id.
    func issue(
        _ flags: ConnectionToken.Flags, for audience: ConnectionToken.Audience
    ) async -> (token: String, id: String) {
        await agreeIfNeeded()
        return sign(flags, for: audience)
    }

    /// The same without waiting; `nil` while the nodes have not agreed.
    func issueNow(
        _ flags: ConnectionToken.Flags, for audience: ConnectionToken.Audience
    ) -> (token: String, id: String)? {
        guard let agreedAt = state.withLock({ $0.agreedAt }) else { return nil }
        if ContinuousClock.now - agreedAt > Self.agreementLifetime { _ = agree() }
        return sign(flags, for: audience)
    }

    private func sign(
        _ flags: ConnectionToken.Flags, for audience: ConnectionToken.Audience
    ) -> (token: String, id: String) {
        let key = keys[0]
        let token = ConnectionToken(flags: flags, deadline: time.now + lifetime.milliseconds)
        let string = token.signed(with: key, for: audience)
        return (string, token.connectionID(in: string))
    }

    private var keys: [TokenKey] {
        let given = given?.accepted
        return state.withLock { state in
            if let given { state.use(given) }
            return state.keys
        }
    }

    /// What a token that a client shows is worth.
    enum Reading: Sendable, Equatable {
        case usable(id: String, usesStatefulReconnect: Bool = false)
        /// It is ours, and too old to make a connection with.
        case expired(id: String)
        /// It is not one of ours, or of another hub or user.
        case unknown
    }

    func read(_ string: String, for audience: ConnectionToken.Audience) async -> Reading {
        do {
            return try verify(string, for: audience)
        } catch .unknownKey where mayAgreeAgain() {
            if let given { _ = await given.refresh() }
            await agree().value
            return (try? verify(string, for: audience)) ?? .unknown
        } catch {
            return .unknown
        }
    }

    private func verify(
        _ string: String, for audience: ConnectionToken.Audience
    ) throws(ConnectionToken.Refusal) -> Reading {
        let token = try ConnectionToken(string, keys: keys, audience: audience)
        let id = token.connectionID(in: string)
        guard time.now <= token.deadline else { return .expired(id: id) }
        return .usable(id: id, usesStatefulReconnect: token.flags.contains(.statefulReconnect))
    }
}

// MARK: The nodes agree

extension ConnectionTokens {
    /// Waits for the first agreement; later ones run beside.
    private func agreeIfNeeded() async {
        let agreedAt = state.withLock { $0.agreedAt }
        if let agreedAt {
            if ContinuousClock.now - agreedAt > Self.agreementLifetime { _ = agree() }
        } else if backplane.isReady {
            await agree().value
        }
    }

    /// Forged tokens must not make this node ask the backplane again and again.
    private func mayAgreeAgain() -> Bool {
        state.withLock { $0.agreedAt.map { ContinuousClock.now - $0 > .seconds(1) } ?? true } && backplane.isReady
    }

    private func agree() -> Task<Void, Never> {
        state.withLock { state in
            if let agreement = state.agreement { return agreement }
            let agreement = Task { await self.readBackplane() }
            state.agreement = agreement
            return agreement
        }
    }

    private func readBackplane() async {
        do {
            try await time.read()
            if given == nil { try await shareSecret() }
            state.withLock { $0.agreedAt = .now }
        } catch {
            logger.warning("The cluster's secret could not be read", metadata: ["error": "\(error)"])
        }
        state.withLock { $0.agreement = nil }
    }

    private func shareSecret() async throws {
        let own = state.withLock { $0.secrets[0] }
        let isOurs = try await backplane.set(
            name, to: ByteBuffer(bytes: own), timeToLive: Self.secretLifetime, onlyIfAbsent: true)
        if isOurs { return }
        guard let shared = try await backplane.get(name).map({ Array($0.readableBytesView) }), !shared.isEmpty else {
            return
        }
        backplane.expire([name], after: Self.secretLifetime)
        state.withLock { $0.use([shared]) }
    }
}

extension ConnectionToken {
    /// In version 0 the public id and the token are one string.
    fileprivate func connectionID(in token: String) -> String {
        flags.contains(.version0) ? token : Base64URL.encode(connectionBytes)
    }
}
