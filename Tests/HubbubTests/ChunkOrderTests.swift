import Testing

@testable import hubbub

@Suite struct ChunkOrderTests {
    private func order(of numbers: Int...) -> ChunkOrder {
        var order = ChunkOrder()
        for number in numbers { order.receive(number) }
        return order
    }

    @Test func chunksInOrderMissNothing() {
        let order = order(of: 1, 2, 3)
        #expect(order.received == 3)
        #expect(order.missing(of: 3) == 0)
        #expect(order.duplicated == 0)
        #expect(order.outOfOrder == 0)
    }

    @Test func aHoleAndATailAreMissing() {
        let order = order(of: 1, 4)
        #expect(order.missing(of: nil) == 2)
        #expect(order.missing(of: 6) == 4)
    }

    @Test func aChunkThatComesLateIsOutOfOrderAndNotMissing() {
        let order = order(of: 1, 5, 3)
        #expect(order.outOfOrder == 1)
        #expect(order.missing(of: 5) == 2)
        #expect(order.received == 3)
    }

    @Test func aChunkThatComesAgainIsDuplicated() {
        let order = order(of: 1, 2, 2, 1, 3)
        #expect(order.duplicated == 2)
        #expect(order.missing(of: 3) == 0)
        #expect(order.received == 3)
    }
}
