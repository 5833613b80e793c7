import HubTesting
import NIOCore
import NIOEmbedded
import Testing

@testable import HubServer

@Suite(.timeLimit(.minutes(1)))
struct KeepAliveTests {
    private let ping = "{\"type\":6}␞"

    @Test func silentConnectionsArePinged() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        await wire.pass(seconds: 14)
        #expect(wire.takeFrames().isEmpty)
        await wire.pass(seconds: 1)
        #expect(wire.takeFrames() == [ping])
        await wire.pass(seconds: 60)
        #expect(wire.takeFrames() == [ping, ping, ping, ping])
    }

    @Test func connectionsThatAreSentToAreNotPinged() async throws {
        let hub = Hub()
        let wire = try await Wire.connected(hub.mounted())
        for _ in 0..<10 {
            await wire.pass(seconds: 10)
            try await hub.clients.all.send("News")
            try await wire.onLoop {}
        }
        #expect(wire.takeFrames().filter { $0 == ping } == [])
    }

    @Test func clientThatNeverPingedIsLeftAlone() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        await wire.pass(seconds: 600)
        #expect(wire.transport.hubClose == nil)
    }

    @Test func clientThatStopsPingingIsClosedAndMayReconnect() async throws {
        let journal = Journal()
        let hub = Hub()
        hub.onDisconnected { _, error in journal.note("\(error.map { "\($0)" } ?? "in order")") }
        let wire = try await Wire.connected(hub.mounted())
        try await wire.send(ping)
        for _ in 0..<5 {
            await wire.pass(seconds: 25)
            try await wire.send(ping)
        }
        await wire.pass(seconds: 29)
        #expect(wire.transport.hubClose == nil)
        _ = wire.takeFrames()
        await wire.pass(seconds: 3)
        #expect(
            wire.takeMessages() == [
                "{\"type\":7,\"error\":\"Connection closed with an error.\",\"allowReconnect\":true}"
            ])
        #expect(wire.transport.hubClose == .normal)
        try await eventually { !journal.all.isEmpty }
        #expect(journal.all == ["Client hasn't sent a message/ping within the configured ClientTimeoutInterval."])
    }

    @Test func timesShorterThanASecondAreKept() async throws {
        var options = HubOptions()
        options.handshakeTimeout = .milliseconds(100)
        options.keepAliveInterval = .milliseconds(200)
        let endpoint = Hub().mounted(options: options)
        let silent = try await Wire.open(endpoint, id: "silent")
        await silent.loop.advanceTime(by: .milliseconds(250))
        #expect(silent.takeFrames() == ["{\"error\":\"Handshake was canceled.\"}␞"])
        let wire = try await Wire.connected(endpoint, id: "wire")
        await wire.loop.advanceTime(by: .milliseconds(600))
        #expect(wire.takeFrames() == [ping, ping, ping])
    }

    @Test(arguments: [Duration.seconds(Int64(UInt32.max)), .seconds(Int64.max)])
    func timesLongerThanTheClockCountsNeverCome(time: Duration) async throws {
        var options = HubOptions()
        options.handshakeTimeout = time
        options.keepAliveInterval = time
        options.clientTimeoutInterval = time
        options.transportSendTimeout = time
        options.closeTimeout = time
        let wire = try await Wire.open(Hub().mounted(options: options))
        await wire.pass(seconds: 100)
        try await wire.send("{\"protocol\":\"json\",\"version\":1}␞\(ping)")
        try await wire.eventually { wire.transport.isReading }
        await wire.pass(seconds: 100)
        #expect(wire.takeFrames() == ["{}␞"])
        #expect(wire.transport.hubClose == nil)
    }

    @Test func timersEndWithTheLastConnection() async throws {
        let endpoint = Hub().mounted()
        let wire = try await Wire.connected(endpoint)
        try await wire.onLoop { wire.transport.end(error: nil) }
        await wire.pass(seconds: 120)
        #expect(wire.takeFrames().isEmpty)
        let next = try await Wire.connected(endpoint, id: "next", on: wire.loop)
        await wire.pass(seconds: 15)
        #expect(next.takeFrames() == [ping])
    }
}

struct TimingWheelTests {
    private final class Entry: TimingWheelEntry {
        var wheelPosition: TimingWheelPosition?
        let name: Int
        init(_ name: Int) { self.name = name }
    }

    @Test func entriesComeAtTheirTickWhateverElseMoves() {
        var random = SeededGenerator(seed: 1)
        var wheel = TimingWheel<Entry>(size: 16)
        let entries = (0..<100).map { Entry($0) }
        var due: [Int: Tick] = [:]
        for tick in 1...200 as ClosedRange<Tick> {
            for _ in 0..<20 {
                let entry = entries.randomElement(using: &random)!
                if Bool.random(using: &random) {
                    let delay = Tick.random(in: 0...15, using: &random)
                    wheel.schedule(entry, at: wheel.now + delay)
                    due[entry.name] = wheel.now + max(1, delay)
                } else {
                    wheel.remove(entry)
                    due[entry.name] = nil
                }
            }
            #expect(wheel.count == due.count)
            #expect(Set(wheel.all.map(\.name)) == Set(due.keys))
            let came = wheel.advance().map(\.name)
            #expect(Set(came) == Set(due.filter { $0.value == tick }.keys))
            for name in came { due[name] = nil }
        }
    }

    @Test func timesBeyondTheRingComeEarlierToBeAskedAgain() {
        var wheel = TimingWheel<Entry>(size: 4)
        wheel.schedule(Entry(1), at: 100)
        #expect([wheel.advance(), wheel.advance(), wheel.advance()].map(\.count) == [0, 0, 1])
    }
}
