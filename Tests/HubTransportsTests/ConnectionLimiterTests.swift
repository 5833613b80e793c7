import HTTPTypes
import HubServer
import Testing

@testable import HubTransports

@Suite struct ConnectionLimiterTests {
    private typealias Machine = ConnectionLimiter.StateMachine
    private let start = ContinuousClock.now
    private let ada = IPAddress("192.0.2.1")
    private let bob = IPAddress("192.0.2.2")

    private func machine(_ change: (inout ConnectionLimits) -> Void) -> Machine {
        var limits = ConnectionLimits()
        change(&limits)
        return Machine(limits, addressCapacity: 100)
    }

    private func refusal(_ body: () throws -> Void) -> Machine.Refusal? {
        do {
            try body()
            return nil
        } catch {
            return error as? Machine.Refusal
        }
    }

    @Test func aNodeTakesSoManyConnections() throws {
        var machine = machine { $0.maximumConnections = 2 }
        try machine.connect(from: ada, now: start)
        try machine.connect(from: nil, now: start)
        #expect(refusal { try machine.connect(from: bob, now: start) }?.limit == .connections)
        machine.left(nil)
        try machine.connect(from: bob, now: start)
        #expect(machine.connections == 2)
    }

    @Test func anAddressHasSoManyConnections() throws {
        var machine = machine { $0.maximumConnectionsPerAddress = 2 }
        for _ in 0..<2 { try machine.connect(from: ada, now: start) }
        #expect(refusal { try machine.connect(from: ada, now: start) }?.limit == .connectionsPerAddress)
        try machine.connect(from: bob, now: start)
        machine.left(ada)
        try machine.connect(from: ada, now: start)
        for _ in 0..<2 { machine.left(ada) }
        machine.left(bob)
        #expect(machine.connections == 0)
    }

    @Test func aRateFillsWithTime() throws {
        var machine = machine { $0.negotiateRate = .init(perSecond: 2, burst: 3) }
        for _ in 0..<3 { try machine.negotiate(from: ada, now: start) }
        let refused = try #require(refusal { try machine.negotiate(from: bob, now: start) })
        #expect(refused == .init(limit: .negotiateRate, retryAfter: .milliseconds(500)))
        #expect(refusal { try machine.negotiate(from: bob, now: start + .milliseconds(400)) } != nil)
        try machine.negotiate(from: bob, now: start + .milliseconds(500))
        #expect(refusal { try machine.negotiate(from: bob, now: start + .milliseconds(500)) } != nil)
        for _ in 0..<3 { try machine.negotiate(from: bob, now: start + .seconds(100)) }
        #expect(refusal { try machine.negotiate(from: bob, now: start + .seconds(100)) } != nil, "no more than a burst")
        try machine.connect(from: ada, now: start)
    }

    @Test func oneAddressDoesNotUseUpTheNodesRate() throws {
        var machine = machine {
            $0.connectRate = .init(perSecond: 1, burst: 3)
            $0.connectRatePerAddress = .init(perSecond: 1, burst: 1)
        }
        try machine.connect(from: ada, now: start)
        for _ in 0..<10 {
            #expect(refusal { try machine.connect(from: ada, now: start) }?.limit == .connectRatePerAddress)
        }
        try machine.connect(from: bob, now: start)
        try machine.connect(from: IPAddress("192.0.2.3"), now: start)
        #expect(refusal { try machine.connect(from: IPAddress("192.0.2.4"), now: start) }?.limit == .connectRate)
        #expect(machine.connections == 3)
    }

    @Test func addressesOfVersion6CountByTheirNetwork() throws {
        var machine = machine { $0.negotiateRatePerAddress = .init(perSecond: 1, burst: 1) }
        try machine.negotiate(from: IPAddress("2001:db8::1"), now: start)
        #expect(refusal { try machine.negotiate(from: IPAddress("2001:db8::2"), now: start) } != nil)
        try machine.negotiate(from: IPAddress("2001:db8:0:1::1"), now: start)
    }

    @Test func manyAddressesTakeBoundedMemory() throws {
        var machine = machine { $0.negotiateRatePerAddress = .init(perSecond: 1, burst: 1) }
        for number in 0..<10_000 {
            try machine.negotiate(from: IPAddress("10.1.\(number / 256).\(number % 256)"), now: start)
        }
        #expect(machine.addresses.count <= 200)
        #expect(refusal { try machine.negotiate(from: IPAddress("10.1.39.15"), now: start) } != nil)
    }

    @Test func anAddressThatKeepsAskingIsNotForgotten() throws {
        var machine = machine { $0.negotiateRatePerAddress = .init(perSecond: 1, burst: 1) }
        try machine.negotiate(from: ada, now: start)
        for number in 0..<10_000 {
            try machine.negotiate(from: IPAddress("10.1.\(number / 256).\(number % 256)"), now: start)
            if number.isMultiple(of: 50) {
                #expect(refusal { try machine.negotiate(from: ada, now: start) } != nil)
            }
        }
    }

    @Test func refusalsSayWhenToTryAgain() throws {
        #expect(ConnectionLimiter(ConnectionLimits()) == nil)
        var limits = ConnectionLimits()
        limits.maximumConnections = 1
        limits.negotiateRatePerAddress = .init(perSecond: 0.25, burst: 1)
        let limiter = try #require(ConnectionLimiter(limits))
        let place = try limiter.connect(from: "192.0.2.1")
        for _ in 0..<2 {
            let refusal = #expect(throws: HubRefusal.self) { try limiter.connect(from: "192.0.2.1") }
            #expect(refusal?.status == .serviceUnavailable && refusal?.retryAfter == 10)
        }
        place.release()
        place.release()
        _ = try limiter.connect(from: "192.0.2.1")
        _ = try limiter.connect(from: "192.0.2.1")
        try limiter.negotiate(from: "192.0.2.1")
        let refusal = #expect(throws: HubRefusal.self) { try limiter.negotiate(from: "192.0.2.1") }
        #expect(refusal?.status == .tooManyRequests && refusal?.retryAfter == 4)
    }

    @Test func proxiesWriteTheOneOrTheOtherHeader() throws {
        var request = HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/chat")
        let forwardedFor = try #require(HTTPField.Name("X-Forwarded-For"))
        let forwarded = try #require(HTTPField.Name("Forwarded"))
        request.headerFields.append(HTTPField(name: forwardedFor, value: "198.51.100.1, 203.0.113.9"))
        request.headerFields.append(HTTPField(name: forwardedFor, value: "10.0.0.2"))
        request.headerFields[forwarded] = "for=198.51.100.2;proto=https, For=\"[2001:db8::7]:1\";by=10.0.0.3"
        func client(_ header: TrustedProxies.Header, peer: String) throws -> String? {
            try TrustedProxies(["10.0.0.0/8"], header: header).client(of: request, peer: peer)
        }
        #expect(try client(.xForwardedFor, peer: "10.0.0.1") == "203.0.113.9")
        #expect(try client(.forwarded, peer: "10.0.0.1") == "2001:db8::7")
        #expect(try client(.forwarded, peer: "192.0.2.1") == "192.0.2.1")
        request.headerFields[forwarded] = "by=10.0.0.3"
        #expect(try client(.forwarded, peer: "10.0.0.1") == "10.0.0.1")
        #expect(TrustedProxies.none.client(of: request, peer: "10.0.0.1") == "10.0.0.1")
    }
}
