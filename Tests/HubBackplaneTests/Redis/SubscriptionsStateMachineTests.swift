import HubBackplane
import NIOCore
import Testing

@testable import HubBackplaneRedis

@Suite struct SubscriptionsStateMachineTests {
    private typealias Machine = SubscriptionsStateMachine

    private let canary = ChannelKey("canary")
    private let channel = ChannelKey("channel")
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func connected() -> Machine {
        var machine = Machine(permanent: canary)
        machine.connected()
        #expect(machine.nextCommand() == .subscribe([canary]))
        #expect(machine.confirmed(canary).isReady)
        return machine
    }

    private func applicant() -> Machine.Applicant {
        Machine.Applicant(receiver: ChannelReceiver { _ in }, complete: { _ in })
    }

    @Test func whileAwaySubscribingIsRefused() {
        var machine = Machine(permanent: canary)
        #expect(machine.subscribe(applicant(), to: channel).refusal?.code == .unavailable)
        machine = connected()
        _ = machine.disconnected()
        #expect(machine.subscribe(applicant(), to: channel).refusal?.code == .unavailable)
        _ = machine.close()
        #expect(machine.subscribe(applicant(), to: channel).refusal?.code == .closed)
    }

    @Test func aSubscriberGetsNothingBeforeTheConfirmation() {
        var machine = connected()
        let applicant = applicant()
        #expect(machine.subscribe(applicant, to: channel).waits)
        #expect(machine.nextCommand() == .subscribe([channel]))
        #expect(machine.receivers(of: channel).isEmpty)
        #expect(machine.confirmed(channel).confirmed.map { $0.receiver === applicant.receiver } == [true])
        #expect(machine.receivers(of: channel).count == 1)
    }

    @Test func aSecondSubscriberOfALiveChannelNeedsNoCommand() {
        var machine = connected()
        _ = machine.subscribe(applicant(), to: channel)
        _ = machine.nextCommand()
        _ = machine.confirmed(channel)
        #expect(!machine.subscribe(applicant(), to: channel).waits)
        #expect(!machine.hasCommands)
        #expect(machine.receivers(of: channel).count == 2)
    }

    @Test func subscribersOfAnUnconfirmedChannelWaitTogether() {
        var machine = connected()
        #expect(machine.subscribe(applicant(), to: channel).waits)
        #expect(machine.subscribe(applicant(), to: channel).waits)
        #expect(machine.nextCommand() == .subscribe([channel]))
        #expect(!machine.hasCommands)
        #expect(machine.confirmed(channel).confirmed.count == 2)
    }

    @Test func anIdleChannelIsGivenUpLate() {
        var machine = connected()
        let applicant = applicant()
        _ = machine.subscribe(applicant, to: channel)
        _ = machine.nextCommand()
        _ = machine.confirmed(channel)
        machine.cancel(applicant.receiver, of: channel, at: start)
        machine.unsubscribeIdle(at: start + .seconds(4))
        #expect(!machine.hasCommands)
        machine.unsubscribeIdle(at: start + .seconds(5))
        #expect(machine.nextCommand() == .unsubscribe([channel]))
        #expect(machine.channelCount == 1)
    }

    @Test func whoComesBackInTimeFindsTheChannelLive() {
        var machine = connected()
        let first = applicant()
        _ = machine.subscribe(first, to: channel)
        _ = machine.nextCommand()
        _ = machine.confirmed(channel)
        machine.cancel(first.receiver, of: channel, at: start)
        let second = applicant()
        #expect(!machine.subscribe(second, to: channel).waits)
        machine.unsubscribeIdle(at: start + .seconds(5))
        #expect(!machine.hasCommands)
        // Idle again, and from then on anew.
        machine.cancel(second.receiver, of: channel, at: start + .seconds(3))
        machine.unsubscribeIdle(at: start + .seconds(7))
        #expect(!machine.hasCommands)
        machine.unsubscribeIdle(at: start + .seconds(8))
        #expect(machine.nextCommand() == .unsubscribe([channel]))
    }

    @Test func ofThreeEqualConfirmationsOnlyTheLastCounts() {
        var machine = connected()
        let first = applicant()
        _ = machine.subscribe(first, to: channel)
        _ = machine.nextCommand()
        _ = machine.confirmed(channel)
        _ = machine.disconnected()
        machine.connected()
        // Nobody wants it any more before Redis has confirmed it again; then somebody does.
        machine.cancel(first.receiver, of: channel, at: start)
        machine.unsubscribeIdle(at: start + .seconds(5))
        #expect(machine.subscribe(applicant(), to: channel).waits)
        #expect(machine.nextCommand() == .subscribe([canary, channel]))
        #expect(machine.nextCommand() == .unsubscribe([channel]))
        #expect(machine.nextCommand() == .subscribe([channel]))
        #expect(machine.confirmed(channel).confirmed.isEmpty)
        #expect(machine.receivers(of: channel).isEmpty)
        #expect(machine.confirmed(channel).confirmed.count == 1)
        #expect(machine.receivers(of: channel).count == 1)
    }

    @Test func aChannelThatNobodyComesBackToIsLeftAtOnce() {
        var machine = connected()
        let only = applicant()
        _ = machine.subscribe(only, to: channel)
        _ = machine.nextCommand()
        _ = machine.confirmed(channel)
        machine.cancel(only.receiver, of: channel, at: start, leavesAtOnce: true)
        #expect(machine.nextCommand() == .unsubscribe([channel]))
        #expect(machine.channelCount == 1)
    }

    @Test func aChannelGivenUpBeforeItsConfirmationIsForgotten() {
        var machine = connected()
        let first = applicant()
        _ = machine.subscribe(first, to: channel)
        _ = machine.confirmed(channel)
        _ = machine.disconnected()
        machine.connected()
        machine.cancel(first.receiver, of: channel, at: start)
        machine.unsubscribeIdle(at: start + .seconds(5))
        #expect(machine.channelCount == 2)
        #expect(!machine.confirmed(channel).isReady)
        #expect(machine.channelCount == 1)
        #expect(machine.confirmed(canary).isReady)
    }

    @Test func afterAReconnectEverythingIsSubscribedAgainAndTold() {
        var machine = connected()
        let keys = (0..<1234).map { ChannelKey("channel \($0)") }
        for key in keys {
            _ = machine.subscribe(applicant(), to: key)
            _ = machine.confirmed(key)
        }
        let waiting = applicant()
        _ = machine.subscribe(waiting, to: channel)
        #expect(machine.disconnected().map { $0.receiver === waiting.receiver } == [true])
        #expect(!machine.hasCommands)
        machine.connected()
        var sent: [ChannelKey] = []
        while let command = machine.nextCommand() {
            guard case .subscribe(let keys) = command else { continue }
            #expect(keys.count <= Machine.channelsPerCommand)
            sent += keys
        }
        #expect(sent.first == canary)
        #expect(sent.count == 1235)
        #expect(Set(sent) == Set(keys + [canary]))
        var readyAfter = 0
        for (index, key) in sent.enumerated() {
            #expect(!machine.isReady)
            let action = machine.confirmed(key)
            #expect(action.resubscribed.count == (key == canary ? 0 : 1))
            if action.isReady { readyAfter = index + 1 }
        }
        #expect(readyAfter == 1235)
        #expect(machine.isReady)
    }

    @Test func whoSubscribesDuringAReconnectIsNotToldToRepair() {
        var machine = connected()
        let old = applicant()
        _ = machine.subscribe(old, to: channel)
        _ = machine.confirmed(channel)
        _ = machine.disconnected()
        machine.connected()
        let new = applicant()
        #expect(machine.subscribe(new, to: channel).waits)
        let action = machine.confirmed(channel)
        #expect(action.resubscribed.map { $0 === old.receiver } == [true])
        #expect(action.confirmed.map { $0.receiver === new.receiver } == [true])
        #expect(machine.receivers(of: channel).count == 2)
    }
}

extension ChannelKey {
    fileprivate init(_ name: String) { self = .owned(Array(name.utf8)) }
}

extension SubscriptionsStateMachine {
    /// Those that are just being unsubscribed included.
    fileprivate var channelCount: Int { channels.count }
}

extension SubscriptionsStateMachine.SubscribeAction {
    fileprivate var waits: Bool {
        if case .wait = self { true } else { false }
    }

    fileprivate var refusal: BackplaneError? {
        if case .refuse(let error) = self { error } else { nil }
    }
}
