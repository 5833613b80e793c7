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

    private static let maximumBytes = 1024 * 1024

    /// An issuer's URL is final: whoever could send on those who ask for keys could sign tokens.
    private static let client = HTTPClient(
        eventLoopGroup: HTTPClient.defaultEventLoopGroup,
        configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))

    private let url: String
    private let timeout: Duration
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameter timeout: How long a reading may take, from the connect to the last byte.
    init(url: String, options: JWTBearerOptions, logger: Logger, timeout: Duration = .seconds(10)) {
        self.url = url
        self.timeout = timeout
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
            return try await withThrowingTaskGroup(of: JWTKeySet.self) { group in
                group.addTask { try await self.published() }
                // The client's own deadline ends with the head of the answer.
                group.addTask { [timeout] in
                    try await Task.sleep(for: timeout)
                    throw HTTPClientError.deadlineExceeded
                }
                defer { group.cancelAll() }
                return try await group.next()
            }
        } catch let error as UnusableAnswer {
            logger.error(
                "The keys of tokens could not be read: \(error.reason)", metadata: ["status": "\(error.status.code)"])
        } catch {
            logger.error("The keys of tokens could not be read", metadata: ["error": "\(error)"])
        }
        return nil
    }

    private func published() async throws -> JWTKeySet {
        let response = try await Self.client.execute(HTTPClientRequest(url: url), deadline: .distantFuture)
        guard response.status == .ok else { throw UnusableAnswer(status: response.status) }
        let body = try await response.body.collect(upTo: Self.maximumBytes)
        return try await JWTKeySet(json: Data(body.readableBytesView))
    }
}

/// Something else was published at the URL than keys.
private struct UnusableAnswer: Error {
    let status: HTTPResponseStatus

    var reason: String {
        300..<400 ~= status.code
            ? "their URL redirects, which is not followed; configure the one that it leads to"
            : "the issuer does not answer with them"
    }
}
