import HubBackplane
import Testing

@Suite("Leases of every backplane", .timeLimit(.minutes(1)))
struct LeaseConformanceTests {
    @Test(arguments: BackplaneKind.allCases)
    func aLeaseIsWrittenAndRead(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, _ in
            let (one, other) = (NodeID(), NodeID())
            #expect(try await backplane.leases(of: [one]).isEmpty)
            try await backplane.renewLease(of: one, count: 1, timeToLive: .seconds(60))
            try await backplane.renewLease(of: one, count: 2, timeToLive: .seconds(60))
            try await backplane.renewLease(of: other, count: .max, timeToLive: .seconds(60))
            #expect(try await backplane.leases(of: [one, NodeID()]) == [one: NodeLease(count: 2)])
            let both = [one: NodeLease(count: 2), other: NodeLease(count: .max)]
            #expect(try await backplane.leases(of: [one, other]) == both)
            #expect(try await backplane.leases(of: []).isEmpty)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func allNodesAreListedUntilTheirLeasesLapse(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, _ in
            #expect(try await backplane.leases(of: nil).isEmpty)
            let (lasting, lapsing) = (NodeID(), NodeID())
            try await backplane.renewLease(of: lasting, count: 7, timeToLive: .seconds(60))
            try await backplane.renewLease(of: lapsing, count: 1, timeToLive: .seconds(1))
            #expect(Set(try await backplane.leases(of: nil).keys) == [lasting, lapsing])
            try await backplane.renewLease(of: lasting, count: 8, timeToLive: .seconds(60))
            try await eventually { try await backplane.leases(of: nil) == [lasting: NodeLease(count: 8)] }
            try await backplane.renewLease(of: lapsing, count: 2, timeToLive: .seconds(60))
            #expect(Set(try await backplane.leases(of: nil).keys) == [lasting, lapsing])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func liveDeliveryIsProvenAgainAndAgain(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, _ in
            try await eventually { backplane.lastDelivery != nil }
            let first = try #require(backplane.lastDelivery)
            try await eventually { backplane.lastDelivery.map { $0 > first } == true }
        }
    }
}
