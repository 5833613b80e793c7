import HubTesting
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import ChatModels

@Suite(.timeLimit(.minutes(1))) struct SyntheticModelTests {
    typealias Settings = SyntheticModel.Settings

    private let model = SyntheticModel(
        settings: Settings(chunks: 3, interval: .milliseconds(1), size: 40),
        limits: SyntheticModel.Limits(chunks: 10_000, interval: .seconds(60), size: 1000),
        eventLoopGroup: .singletonMultiThreadedEventLoopGroup)

    /// The stamp and number of a chunk.
    private func stamp(_ chunk: String) throws -> (nanoseconds: UInt64, number: Int) {
        let match = try #require(try /t=(\d+);#(\d+);(\.*)/.wholeMatch(in: chunk))
        return (try #require(UInt64(match.1)), try #require(Int(match.2)))
    }

    @Test(
        arguments: [
            (0, 1, 0, "t=0;#1;"), (7, 10, 10, "t=7;#10;.."),
            (UInt64.max, UInt64.max, 0, "t=\(UInt64.max);#\(UInt64.max);"),
            (1234, 99, 20, "t=1234;#99;........."), (1000, 100, 12, "t=1000;#100;"),
            (9_999_999_999_999_999_999, 9, 0, "t=9999999999999999999;#9;"),
        ] as [(UInt64, UInt64, Int, String)])
    func writesStampsOfAnySize(nanoseconds: UInt64, number: UInt64, size: Int, expected: String) {
        var text = ByteBuffer()
        text.writeStamp(nanoseconds: nanoseconds, number: number, size: size)
        #expect(String(buffer: text) == expected)
    }

    @Test func chunksAreNumberedPaddedAndStampedWithTheMonotonicClock() async throws {
        let before = NIODeadline.now().uptimeNanoseconds
        let (pieces, end) = try await model.pieces("Hi")
        let after = NIODeadline.now().uptimeNanoseconds
        let stamps = try pieces.map(stamp)
        #expect(stamps.map(\.number) == [1, 2, 3])
        #expect(stamps.map(\.nanoseconds) == stamps.map(\.nanoseconds).sorted())
        #expect(stamps.allSatisfy { before <= $0.nanoseconds && $0.nanoseconds <= after })
        #expect(pieces.allSatisfy { $0.utf8.count == 40 })
        #expect(end == ChatReplyEnd(finish: .stop))
    }

    @Test func aPromptOverridesTheSettings() async throws {
        let pieces = try await model.pieces("chunks=50,interval=0ms,size=1000").pieces
        #expect(try pieces.map(stamp).map(\.number) == Array(1...50))
        #expect(pieces.allSatisfy { $0.utf8.count == 1000 })
        #expect(try await model.pieces("size=1,chunks=2").pieces.count == 2)
    }

    @Test(arguments: [
        "", "Hello, how are you?", "chunks", "chunks=", "chunks=0", "chunks=x", "chunks=5 please", "interval=1h",
    ])
    func anyOtherPromptGetsTheDefaults(prompt: String) async throws {
        #expect(try await model.pieces(prompt).pieces.count == 3)
    }

    @Test(arguments: ["chunks=10001", "interval=61s", "size=1001"])
    func aPromptBeyondTheLimitsIsRefused(prompt: String) async throws {
        let error = try await model.failure(prompt)
        #expect(error.code == .badRequest)
        #expect(!error.retryable)
    }

    @Test func theLimitsDoNotBindTheModelsOwnSettings() async throws {
        let model = SyntheticModel(
            settings: Settings(chunks: 5, interval: .zero, size: 100),
            limits: .init(chunks: 1, interval: .zero, size: 1),
            eventLoopGroup: .singletonMultiThreadedEventLoopGroup)
        let pieces = try await model.pieces("Hi").pieces
        #expect(pieces.map(\.utf8.count) == Array(repeating: 100, count: 5))
    }

    @Test func aChunkIsDueAWholeNumberOfIntervalsAfterTheBeginning() async throws {
        let begin = NIODeadline.now()
        let pieces = try await model.pieces("chunks=20,interval=10ms").pieces
        for piece in pieces {
            let (nanoseconds, number) = try stamp(piece)
            #expect(nanoseconds >= (begin + .milliseconds(10) * number).uptimeNanoseconds)
        }
    }

    @Test func aReplyThatWasHeldUpCatchesUp() async throws {
        let begin = NIODeadline.now()
        var received = 0
        _ = try await model.reply(
            to: ChatRequest(messages: [ChatMessage(role: .user, text: "chunks=200,interval=10ms")])
        ) { _ in
            received += 1
            if received == 1 {
                try await Task.sleep(for: .seconds(2))
            }
        }
        #expect(received == 200)
        // Without catching up it would take four seconds.
        let took = NIODeadline.now() - begin
        #expect(took >= .seconds(2))
        #expect(took < .milliseconds(3700))
    }

    @Test func subMillisecondIntervalsKeepTheirRate() async throws {
        let begin = NIODeadline.now()
        #expect(try await model.pieces("chunks=10000,interval=100us").pieces.count == 10_000)
        let took = NIODeadline.now() - begin
        #expect(took >= .seconds(1))
        // With a millisecond for each it would take ten seconds.
        #expect(took < .seconds(6))
    }

    @Test func manyRepliesKeepTheirOwnOrder() async throws {
        try await withThrowingTaskGroup { group in
            for reply in 0..<500 {
                group.addTask { [model] in
                    try await model.pieces("chunks=30,interval=\(reply % 7)ms").pieces
                }
            }
            for try await pieces in group {
                #expect(try pieces.map(stamp).map(\.number) == Array(1...30))
            }
        }
    }

    @Test func aReceiverMayKeepAChunk() async throws {
        var kept: [ByteBuffer] = []
        _ = try await model.reply(
            to: ChatRequest(messages: [ChatMessage(role: .user, text: "chunks=10,interval=0ms")])
        ) { if case .text(let text) = $0 { kept.append(text) } }
        #expect(try kept.map { try stamp(String(buffer: $0)).number } == Array(1...10))
    }

    @Test(arguments: ["interval=60s", "chunks=10000,interval=10ms"])
    func cancellingEndsTheReply(prompt: String) async throws {
        let reply = Task { [model] in try await model.pieces(prompt) }
        try await Task.sleep(for: .milliseconds(20))
        let begin = ContinuousClock.now
        reply.cancel()
        await #expect(throws: CancellationError.self) { try await reply.value }
        #expect(ContinuousClock.now - begin < .seconds(10))
    }

    @Test(arguments: [
        ("chunks=5", Settings(chunks: 5)), ("interval=500us", Settings(interval: .microseconds(500))),
        ("interval=2s", Settings(interval: .seconds(2))), ("size=0", Settings(size: 0)),
        ("size=9,interval=0ms,chunks=1", Settings(chunks: 1, interval: .zero, size: 9)),
    ])
    func settingsAreRead(text: String, expected: Settings) throws {
        #expect(try Settings(parsing: text) == expected)
        #expect(try Settings(parsing: expected.description) == expected)
    }

    @Test(arguments: [
        ("", "\"\""), ("chunks", "chunks"), ("chunks=0", "chunks"), ("chunks=-1", "chunks"), ("chunks=+1", "chunks"),
        ("chunks=", "chunks"),
        ("chunks=99999999999999999999", "chunks"), ("interval=20", "interval"), ("interval=ms", "interval"),
        ("interval=1.5ms", "interval"), ("interval=9223372036854775807s", "interval"), ("size=1,size=2", "size"),
        ("speed=1", "speed"), ("chunks=1,,size=1", "\"\""), ("chunks=1, size=1", " size"),
    ])
    func settingsThatCannotBeReadAreNamed(text: String, part: String) throws {
        let error = try #require(throws: SyntheticModel.SettingsError.self) { try Settings(parsing: text) }
        #expect(error.description.contains(part))
    }
}

@Suite struct TimingWheelTests {
    @Test func givesValuesOutInTheOrderOfTheirTicks() {
        var generator = SeededGenerator(seed: 7)
        var wheel = TimingWheel<Int>()
        var now: UInt64 = 1_000_000
        var expected: [(tick: UInt64, value: Int)] = []
        var value = 0
        for _ in 0..<2000 {
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let tick = wheel.add(value, at: now + UInt64.random(in: 0...250, using: &generator), now: now)
                expected.append((tick, value))
                value += 1
            }
            now += UInt64.random(in: 0...300, using: &generator)
            var due: [Int] = []
            wheel.advance(to: now, into: &due)
            #expect(Set(due) == Set(expected.filter { $0.tick <= now }.map(\.value)))
            let ticks = due.compactMap { value in expected.first { $0.value == value }?.tick }
            #expect(ticks == ticks.sorted())
            expected.removeAll { $0.tick <= now }
            #expect(wheel.nextTick == expected.map(\.tick).min())
        }
    }

    @Test func whatIsTooLateOrTooFarIsDueInTheNextOrTheLastTickOfTheRound() {
        var wheel = TimingWheel<String>()
        #expect(wheel.add("late", at: 3, now: 1000) == 1000)
        #expect(wheel.add("far", at: 9999, now: 1000) == 999 + TimingWheel<String>.round)
        var due: [String] = []
        wheel.advance(to: 1000, into: &due)
        #expect(due == ["late"])
        wheel.advance(to: 5000, into: &due)
        #expect(due == ["late", "far"])
        #expect(wheel.nextTick == nil)
    }
}
