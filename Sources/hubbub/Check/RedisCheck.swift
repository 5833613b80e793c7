import HubBackplane
import HubBackplaneRedis
import Logging
import NIOCore

/// Redis, and whether a node may do there what it does.
struct RedisCheck {
    private static let deadline = Duration.seconds(10)

    let configuration: ServeConfiguration
    let access: AzureAccess
    let vault: VaultSecrets
    let log: CheckLog

    func run(_ findings: inout CheckFindings) async {
        guard case .redis(let redis, let authentication) = configuration.backplane else {
            return findings.add(.ok, "backplane", "memory: one node alone")
        }
        do {
            let redis = try redis.with(authentication, access: access, vault: vault, logger: log.logger)
            let node = NodeID()
            let names = BackplaneNames(app: configuration.app)
            let backplane = RedisBackplane(configuration: redis, names: names, node: node, logger: log.logger)
            backplane.start()
            guard await isReady(backplane) else {
                return findings.add(
                    .failed, "redis", "\(redis): \(log.lastProblem ?? "no answer within \(Self.deadline)")")
            }
            // What is published may never come back.
            let (answer, delivery) = try await withDeadline(Self.deadline) { try await use(backplane, names, node) }
            findings.add(
                .ok, "redis", "\(redis): answers in \(answer.inMilliseconds), delivers in \(delivery.inMilliseconds)")
            // Told beside, when the connection was made.
            for warning in log.warnings where warning.contains("maxmemory-policy") {
                findings.add(.warning, "redis", warning)
            }
            await backplane.shutdown()
        } catch is CancellationError {
            findings.add(
                .failed, "redis", "\(redis): it can be reached, but delivers nothing within \(Self.deadline)")
        } catch let error as UsageError {
            findings.add(.failed, "redis", "\(error)")
        } catch {
            findings.add(.failed, "redis", "\(redis): it can be reached, but \(error)")
        }
    }

    private func isReady(_ backplane: RedisBackplane) async -> Bool {
        let end = ContinuousClock.now + Self.deadline
        while !backplane.isReady {
            // A refusal does not become an answer.
            if ContinuousClock.now > end || log.lastProblem != nil { return false }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return true
    }

    /// Keys, logs, sets and channels, all of this node's own, and gone within a second.
    private func use(
        _ backplane: RedisBackplane, _ names: BackplaneNames, _ node: NodeID
    ) async throws -> (answer: Duration, delivery: Duration) {
        let clock = ContinuousClock()
        let now = try await backplane.time()
        let answer = try await clock.measure { _ = try await backplane.time() }
        let second = Duration.seconds(1)
        let key = names.connectionClaim("check-\(node)")
        _ = try await backplane.set(key, to: ByteBuffer(string: "check"), timeToLive: second, onlyIfAbsent: true)
        _ = try await backplane.get(key)
        let log = names.stream("check-\(node)").log
        _ = try await backplane.append(
            LogAppend(
                log: log, channel: nil, id: LogID(epoch: 1, seq: 1), payload: ByteBuffer(string: "check"),
                creates: true,
                timeToLive: second))
        _ = try await backplane.read(log, after: nil)
        let set = names.replies(of: "check-\(node)")
        _ = try await backplane.enter("check", into: set, until: now + 1000, now: now, limit: 1)
        try await backplane.leave("check", from: set)
        let (messages, heard) = AsyncStream<Void>.makeStream()
        let subscription = try await backplane.subscribe(to: names.node(node)) { event in
            if case .message = event { heard.yield() }
        }
        defer { subscription.cancel() }
        let delivery = try await clock.measure {
            _ = try await backplane.publish(ByteBuffer(string: "check"), to: names.node(node))
            for await _ in messages { return }
        }
        return (answer, delivery)
    }
}

extension Duration {
    /// Such as `0.25 ms`.
    var inMilliseconds: String {
        let hundredths = Int((self / .milliseconds(1) * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) ms"
    }
}
