import AsyncHTTPClient
import HubServer
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The keys that an issuer publishes at a URL, read when they are needed and kept.
final class JWTKeySetCache: Sendable {
    private struct State {
        var machine: StateMachine
        var reading: Task<Void, Never>?
    }

    private static let timeout = TimeAmount.seconds(10)
    private static let maximumBytes = 1024 * 1024

    private let url: String
    private let logger: Logger
    private let state: Mutex<State>

    init(url: String, options: JWTBearerOptions, logger: Logger) {
        self.url = url
        self.logger = logger
        state = Mutex(State(machine: StateMachine(options)))
    }

    /// The keys that a token is held against; nil where they cannot be had at the moment.
    func keys(for header: TokenHeader) async -> [JWTVerificationKey]? {
        switch state.withLock({ $0.machine.keys(for: header, now: .now) }) {
        case .use(let keys):
            return keys
        case .useAndRead(let keys):
            _ = read()
            return keys
        case .read:
            await read().value
            return state.withLock { $0.machine.known(for: header) }
        case .unavailable:
            return nil
        }
    }

    /// All who need the keys wait for one reading.
    private func read() -> Task<Void, Never> {
        state.withLock { state in
            if let reading = state.reading { return reading }
            state.machine.beganReading(now: .now)
            let reading = Task {
                let keySet = await self.fetch()
                self.state.withLock { state in
                    state.machine.ended(with: keySet, now: .now)
                    state.reading = nil
                }
            }
            state.reading = reading
            return reading
        }
    }

    private func fetch() async -> JWTKeySet? {
        do {
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: Self.timeout)
            guard response.status == .ok else {
                logger.warning("The keys of tokens could not be read", metadata: ["status": "\(response.status.code)"])
                return nil
            }
            let body = try await response.body.collect(upTo: Self.maximumBytes)
            return try await JWTKeySet(json: Data(body.readableBytesView))
        } catch {
            logger.warning("The keys of tokens could not be read", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
