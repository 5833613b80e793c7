import AzureIdentity
import AzureIdentityTesting
import Foundation
import InMemoryLogging
import Logging
import Synchronization
import Testing

@testable import AzureKeyVault

@Suite(.timeLimit(.minutes(1))) struct PolledSecretTests {
    private let vault = ScriptedVault()
    private let time = ManualTime()

    private func secret(
        _ reference: String = "keyvault://contoso/key", interval: Duration = .seconds(900),
        logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    ) throws -> PolledSecret {
        try PolledSecret(
            KeyVaultSecretReference(reference), interval: interval, clock: time.clock, jitter: { 0 }, logger: logger,
            read: { [vault] _, _ in try await vault.read() })
    }

    @Test func aNewValueIsTakenAndTheOneBeforeCountsUntilTheNextReading() async throws {
        vault.answer("one", "two", "two")
        let secret = try secret()
        #expect(try await secret.load() == "one")
        let seen = Mutex<[[String]]>([])
        await secret.observe { accepted in seen.withLock { $0.append(accepted) } }
        let task = Task { try await secret.run() }
        while seen.withLock({ $0.count }) < 3 { await Task.yield() }
        task.cancel()
        _ = await task.result
        #expect(seen.withLock { $0 }.prefix(3) == [["one"], ["two", "one"], ["two"]])
        #expect(try await secret.value() == "two")
        #expect(time.slept.prefix(2) == [.seconds(900), .seconds(900)])
    }

    @Test func theLastGoodValueIsKeptWhileTheVaultIsAway() async throws {
        let logs = InMemoryLogHandler()
        vault.answer("one", nil, nil, nil, "two")
        let secret = try secret(logger: Logger(label: "test", factory: { _ in logs }))
        try await secret.load()
        let seen = Mutex<[String]>([])
        await secret.observe { accepted in seen.withLock { $0.append(accepted[0]) } }
        let task = Task { try await secret.run() }
        while seen.withLock({ $0.count }) < 2 {
            #expect(try await ["one", "two"].contains(secret.value()))
            await Task.yield()
        }
        task.cancel()
        _ = await task.result
        #expect(seen.withLock { $0 }.prefix(2) == ["one", "two"])
        #expect(time.slept.prefix(4) == [.seconds(900), .seconds(15), .seconds(30), .seconds(60)])
        let lines = logs.entries.map { "\($0.message) \($0.metadata)" }
        #expect(lines.count { $0.contains("could not be read") } == 3)
        #expect(lines.allSatisfy { !$0.contains("one") && !$0.contains("two") })
    }

    @Test func aRefusedValueIsReadAgainOnceAMinute() async throws {
        vault.answer("one", "one", "two")
        let secret = try secret()
        try await secret.load()
        #expect(try await secret.value(refused: "one") == "one")
        #expect(vault.count == 1)
        time.advance(by: 60)
        #expect(try await secret.value(refused: "one") == "one")
        #expect(try await secret.value(refused: "one") == "one")
        #expect(vault.count == 2)
        time.advance(by: 60)
        #expect(try await secret.value(refused: "one") == "two")
        // Somebody else was still using the old one.
        #expect(try await secret.value(refused: "one") == "two")
        #expect(vault.count == 3)
    }

    @Test func allWhoAskAtATimeWaitForOneReading() async throws {
        vault.answer("one")
        let secret = try secret()
        let values = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await secret.value() } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(values == ["one"])
        #expect(vault.count == 1)
    }

    @Test func withoutAValueTheFailureIsTold() async throws {
        vault.answer(nil, "one")
        let secret = try secret()
        let error = await #expect(throws: KeyVaultError.self) { try await secret.load() }
        #expect(error?.reason == .unavailable)
        #expect(try await secret.value() == "one")
    }

    @Test func aVersionIsNotReadAgain() async throws {
        vault.answer("one", "two")
        let secret = try secret("keyvault://contoso/key/0a1b")
        try await secret.load()
        let task = Task { try await secret.run() }
        for _ in 0..<100 { await Task.yield() }
        task.cancel()
        _ = await task.result
        #expect(vault.count == 1)
    }
}

@Suite struct PolledSecretStateMachineTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func machine() -> PolledSecret.StateMachine {
        PolledSecret.StateMachine(interval: .seconds(600), minimumInterval: .seconds(60))
    }

    @Test func readingsAreSpread() {
        #expect(machine().pause(jitter: 0) == .seconds(600))
        #expect(machine().pause(jitter: 0.5) == .seconds(525))
    }

    @Test func theVaultSaysWhenToComeBack() {
        var machine = machine()
        machine.failed(retryAfter: .seconds(120), at: now)
        #expect(machine.pause(jitter: 0.9) == .seconds(120))
        machine.failed(retryAfter: .seconds(864_000), at: now)
        #expect(machine.pause(jitter: 0) == .seconds(3600))
        for _ in 0..<100 { machine.failed(retryAfter: nil, at: now) }
        #expect(machine.pause(jitter: 0) == .seconds(600))
    }

    @Test func aNewVersionOfTheSameValueIsNoChange() {
        var machine = machine()
        var hasChanged = machine.read(KeyVaultSecret(value: "one", version: "1"), at: now)
        #expect(hasChanged)
        hasChanged = machine.read(KeyVaultSecret(value: "one", version: "2"), at: now)
        #expect(!hasChanged)
        #expect(machine.secret?.version == "2")
    }

    @Test func aClockThatIsSetBackKeepsNobodyFromReading() {
        var machine = machine()
        _ = machine.read(KeyVaultSecret(value: "one", version: "1"), at: now)
        #expect(machine.needsReading(refused: "one", now: now - 3600))
    }
}

/// Answers with values, or with failures; the last one for ever.
final class ScriptedVault: Sendable {
    private let state = Mutex((answers: [String?](), count: 0))

    var count: Int { state.withLock { $0.count } }

    func answer(_ values: String?...) { state.withLock { $0.answers = values } }

    func read() async throws -> KeyVaultSecret {
        let (value, number) = state.withLock { state in
            state.count += 1
            return (state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0], state.count)
        }
        await Task.yield()
        guard let value else { throw KeyVaultError(.unavailable, "it is away") }
        return KeyVaultSecret(value: value, version: "\(number)")
    }
}
