import AzureIdentity
import FoundationEssentials
public import Logging
public import ServiceLifecycle

/// A secret that is read again from time to time, so that it can be replaced while the process runs.
///
/// The value that was read last counts on while the vault cannot be reached. Run it as a service; ``load()`` first.
public actor PolledSecret: Service {
    typealias Read = @Sendable (_ reference: KeyVaultSecretReference, _ retries: Int) async throws -> KeyVaultSecret

    /// Where it is.
    public nonisolated let reference: KeyVaultSecretReference
    private let read: Read
    private let clock: IdentityClock
    private let jitter: @Sendable () -> Double
    private let logger: Logger
    private var state: StateMachine
    private var reading: Task<Void, any Error>?
    private var observers: [@Sendable ([String]) -> Void] = []

    /// - Parameters:
    ///   - reference: Where it is.
    ///   - client: Reads it.
    ///   - interval: The time from one reading to the next, at most; up to a quarter less.
    ///   - minimumInterval: Within this time it is not read again because its value was refused.
    ///   - logger: Told of changes and failures, never of values.
    public init(
        _ reference: KeyVaultSecretReference, client: KeyVaultClient, interval: Duration,
        minimumInterval: Duration = .seconds(60), logger: Logger
    ) {
        self.init(reference, interval: interval, minimumInterval: minimumInterval, logger: logger) {
            try await client.secret($0, retries: $1)
        }
    }

    init(
        _ reference: KeyVaultSecretReference, interval: Duration, minimumInterval: Duration = .seconds(60),
        clock: IdentityClock = .system, jitter: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
        logger: Logger, read: @escaping Read
    ) {
        self.reference = reference
        self.read = read
        self.clock = clock
        self.jitter = jitter
        var logger = logger
        logger[metadataKey: "secret"] = "\(reference)"
        self.logger = logger
        state = StateMachine(interval: interval, minimumInterval: min(minimumInterval, interval))
    }

    /// Reads it for the first time.
    ///
    /// - Returns: The value.
    /// - Throws: ``KeyVaultError`` or `CancellationError`.
    @discardableResult
    public func load() async throws -> String {
        if let secret = state.secret { return secret.value }
        try await refresh(retries: 3)
        guard let secret = state.secret else { throw KeyVaultError(.unavailable, "it was not read") }
        return secret.value
    }

    /// The value to be used now.
    ///
    /// - Parameter refused: One that a server has just refused: where that is the current one the vault is asked at once, though not
    ///   more often than the minimum interval allows.
    /// - Throws: ``KeyVaultError`` or `CancellationError`, where it was never read.
    public func value(refused: String? = nil) async throws -> String {
        if let secret = state.secret {
            guard state.needsReading(refused: refused, now: clock.now()) else { return secret.value }
            // Somebody waits, and a failure has been logged.
            try? await refresh(retries: 0)
            try Task.checkCancellation()
        }
        return try await load()
    }

    /// Reads it again at once, though not more often than the minimum interval allows: somebody has shown a value that is not known here.
    public func readAgain() async { _ = try? await value(refused: state.secret?.value) }

    /// Adds an observer of the values that count: the current one first, then the one before it, until the secret is read again.
    ///
    /// - Parameter observe: Called now, where there is a value, and after each change, in order.
    public func observe(_ observe: @escaping @Sendable (_ accepted: [String]) -> Void) {
        if !state.accepted.isEmpty { observe(state.accepted) }
        observers.append(observe)
    }

    /// Reads it time and again until the service is asked to stop. A version never changes and is not read again.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while self.reference.version == nil, !Task.isCancelled, (try? await self.clock.sleep(self.pause)) != nil {
                try? await self.refresh(retries: 3)
            }
            try? await gracefulShutdown()
        }
    }

    private var pause: Duration { state.pause(jitter: jitter()) }

    /// Reads it, once for all who ask at a time; the reading is nobody's, so whoever gives up takes it from nobody.
    private func refresh(retries: Int) async throws {
        let reading = reading ?? Task { try await readOnce(retries: retries) }
        self.reading = reading
        try await reading.value
    }

    private func readOnce(retries: Int) async throws {
        defer { reading = nil }
        do {
            let secret = try await read(reference, retries)
            warnIfExpired(secret)
            let isFirst = state.secret == nil
            guard state.read(secret, at: clock.now()) else { return }
            if state.previous != nil {
                logger.notice("A secret has changed", metadata: ["version": "\(secret.version)"])
            }
            if isFirst { logger.info("A secret was read", metadata: ["version": "\(secret.version)"]) }
            for observer in observers { observer(state.accepted) }
        } catch {
            let failure = error as? KeyVaultError
            // Where there is none yet, whoever has asked tells it.
            logger.log(
                level: state.secret == nil ? .debug : .warning,
                "A secret could not be read, the last value is kept",
                metadata: ["error": "\(failure?.description ?? "it was given up")"])
            state.failed(retryAfter: failure?.retryAfter, at: clock.now())
            throw error
        }
    }

    private func warnIfExpired(_ secret: KeyVaultSecret) {
        guard let end = secret.expiresOn, end < clock.now(), secret.version != state.secret?.version else { return }
        logger.warning("A secret is used after its end", metadata: ["version": "\(secret.version)"])
    }
}
