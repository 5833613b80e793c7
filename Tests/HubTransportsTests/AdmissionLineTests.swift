import Testing

@testable import HubTransports

@Suite struct AdmissionLineTests {
    private final class Member {}

    private let members = (0..<4).map { _ in Member() }

    private func indices(_ admitted: [Member]) -> [Int?] {
        admitted.map { member in members.firstIndex { $0 === member } }
    }

    @Test func letsInWhatThereIsRoomForInOrder() {
        var line = AdmissionLine<Member>(capacity: 10)
        #expect(indices(line.arrive(members[0], weight: 6)) == [0])
        #expect(indices(line.arrive(members[1], weight: 6)) == [])
        // A light one does not get past a heavy one, which would wait for ever.
        #expect(indices(line.arrive(members[2], weight: 1)) == [])
        #expect(indices(line.leave(members[0])) == [1, 2])
        #expect(indices(line.leave(members[1])) == [])
        #expect(indices(line.leave(members[2])) == [])
        #expect(line.isEmpty)
    }

    @Test func whoLeavesTheLineLetsThoseBehindThrough() {
        var line = AdmissionLine<Member>(capacity: 10)
        #expect(indices(line.arrive(members[0], weight: 6)) == [0])
        #expect(indices(line.arrive(members[1], weight: 6)) == [])
        #expect(indices(line.arrive(members[2], weight: 4)) == [])
        #expect(indices(line.leave(members[1])) == [2])
        #expect(indices(line.arrive(members[3], weight: 1)) == [])
    }

    @Test func whatIsLargerThanTheRoomGoesInAlone() {
        var line = AdmissionLine<Member>(capacity: 10)
        #expect(indices(line.arrive(members[0], weight: 100)) == [0])
        #expect(indices(line.arrive(members[1], weight: 1)) == [])
        #expect(indices(line.leave(members[0])) == [1])
    }
}
