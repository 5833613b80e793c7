import HubServer
import NIOCore
import Testing

@testable import HubTransports

@Suite struct EventStreamTests {
    private func event(_ text: String) -> String {
        var buffer = ByteBuffer()
        buffer.writeEvent(ByteBuffer(string: text))
        return String(buffer: buffer)
    }

    @Test func messagesAreTheDataOfAnEvent() {
        #expect(event("{}\u{1E}") == "data: {}\u{1E}\r\n\r\n")
    }

    @Test func linesAreDataOfTheirOwn() {
        #expect(event("a\nb\r\nc") == "data: a\r\ndata: b\r\ndata: c\r\n\r\n")
        #expect(event("a\n") == "data: a\r\ndata: \r\n\r\n")
        #expect(event("\r\n") == "data: \r\ndata: \r\n\r\n")
        #expect(event("a\rb\r") == "data: a\r\ndata: b\r\ndata: \r\n\r\n")
    }

    @Test func beginsWithAComment() {
        var machine = EventStream.StateMachine()
        #expect(machine.next() == .events(ByteBuffer(string: ":\r\n"), size: 0))
        #expect(machine.next() == .nothingYet)
    }

    @Test func whatWaitsLeavesTogether() {
        var machine = EventStream.StateMachine()
        _ = machine.next()
        machine.received(ByteBuffer(string: "a"))
        machine.received(ByteBuffer(string: "bc"))
        #expect(machine.next() == .events(ByteBuffer(string: "data: a\r\n\r\ndata: bc\r\n\r\n"), size: 3))
        #expect(machine.next() == .nothingYet)
    }

    @Test func endsWhenEverythingHasLeft() {
        var machine = EventStream.StateMachine()
        machine.received(ByteBuffer(string: "a"))
        machine.close(.normal)
        machine.received(ByteBuffer(string: "b"))
        #expect(machine.next() == .events(ByteBuffer(string: ":\r\ndata: a\r\n\r\n"), size: 1))
        #expect(machine.next() == .finish)
        #expect(machine.ended() == .graceful)
        #expect(machine.ended() == nil)
    }

    @Test func breaksOffWhenItIsCut() {
        var machine = EventStream.StateMachine()
        machine.close(.goingAway)
        machine.close(.abort)
        #expect(machine.next() == .abort)
    }

    @Test func aClientThatLeavesIsLost() {
        var machine = EventStream.StateMachine()
        #expect(machine.ended() == .lost)
        #expect(machine.next() == .abort)
    }

    /// Collects what an edge tells the home.
    private final class Home: SessionPeer {
        let said = Collected<SessionMessage>()
        func take(_ message: SessionMessage) { said.append(message) }
    }

    @Test func theHomeIsToldWhatWasWrittenAndHowItEnded() async throws {
        let home = Home()
        let stream = EventStream()
        stream.opened(at: home)
        let response = EventStreamResponse(stream)
        stream.take(.data(ByteBuffer(repeating: 0x61, count: 20_000)))
        #expect(try await response.next()?.readableBytes == 3 + 6 + 20_000 + 4)
        #expect(home.said.all == [])
        stream.take(.close(.normal))
        #expect(try await response.next() == nil)
        #expect(home.said.all == [.consumed(20_000)])
        stream.ended()
        #expect(home.said.all == [.consumed(20_000), .ended(.graceful)])
        await #expect(throws: ChannelError.self) { try await response.next() }
    }

    @Test func aResponseThatIsDroppedEndsItsStream() {
        let home = Home()
        var response: EventStreamResponse? = {
            let stream = EventStream()
            stream.opened(at: home)
            return EventStreamResponse(stream)
        }()
        #expect(response != nil)
        response = nil
        #expect(home.said.all == [.ended(.lost)])
    }
}
