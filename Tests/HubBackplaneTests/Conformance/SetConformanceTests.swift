import HubBackplane
import Testing

@Suite("Sets of every backplane", .timeLimit(.minutes(1)))
struct SetConformanceTests {
    private static let life = Duration.seconds(60)

    private func sets(_ names: BackplaneNames, _ count: Int) -> [KeyName] {
        (0..<count).map { names.groupMembers("g", hub: "h", node: NodeID("\($0)")) }
    }

    @Test(arguments: BackplaneKind.allCases)
    func membersAreAddedAndRemoved(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let set = sets(names, 1)[0]
            #expect(try await backplane.members(of: [set]) == [[]])
            try await backplane.change(set, add: ["a", "b c", "\u{1F44B}"], remove: [], timeToLive: Self.life)
            try await backplane.change(set, add: ["d", "a"], remove: ["b c", "nobody"], timeToLive: Self.life)
            #expect(try await backplane.members(of: [set]) == [["a", "d", "\u{1F44B}"]])
            #expect(try await backplane.memberCounts(of: [set]) == [3])
            try await backplane.change(set, add: [], remove: [], timeToLive: Self.life)
            try await backplane.change(set, add: [], remove: ["a", "d", "\u{1F44B}"], timeToLive: Self.life)
            #expect(try await backplane.memberCounts(of: [set]) == [0])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aSetIsReplaced(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let set = sets(names, 1)[0]
            for members in [Set(["a", "b"]), ["b", "c"], [], ["d"]] {
                try await backplane.replace(set, with: members, timeToLive: Self.life)
                #expect(try await backplane.members(of: [set]) == [members])
            }
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func manySetsAreReadAtOnceInTheirOrder(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let sets = sets(names, 20)
            for (number, set) in sets.enumerated() where number != 7 {
                try await backplane.replace(set, with: Set((0...number).map(String.init)), timeToLive: Self.life)
            }
            let expected = (0..<20).map { $0 == 7 ? 0 : $0 + 1 }
            #expect(try await backplane.memberCounts(of: sets) == expected)
            #expect(try await backplane.members(of: sets).map(\.count) == expected)
            #expect(try await backplane.members(of: []).isEmpty)
            #expect(try await backplane.memberCounts(of: []).isEmpty)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aSetThatIsNotRenewedLapses(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let sets = sets(names, 2)
            for set in sets {
                try await backplane.change(set, add: ["a"], remove: [], timeToLive: BackplaneKind.shortLife)
            }
            try await backplane.change(sets[0], add: ["b"], remove: [], timeToLive: Self.life)
            try await eventually { try await backplane.memberCounts(of: [sets[1]]) == [0] }
            #expect(try await backplane.members(of: [sets[0]]).first?.contains("b") == true)
        }
    }
}
