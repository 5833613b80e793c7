import HubBackplane
import NIOCore
import Testing

@Suite("Queues of every backplane", .timeLimit(.minutes(1)))
struct QueueConformanceTests {
    @Test(arguments: BackplaneKind.allCases)
    func itemsAreTakenInOrderByOneConsumerEach(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            #expect(try await backplane.take(5, from: names.asks, consumer: "a", wait: nil).isEmpty)
            for number in 1...5 {
                try await backplane.enqueue(ByteBuffer(string: "\(number)"), on: names.asks)
            }
            let first = try await backplane.take(2, from: names.asks, consumer: "a", wait: nil)
            let second = try await backplane.take(10, from: names.asks, consumer: "b", wait: nil)
            #expect(first.map(\.payload) == ["1", "2"])
            #expect(second.map(\.payload) == ["3", "4", "5"])
            #expect(try await backplane.take(1, from: names.asks, consumer: "a", wait: nil).isEmpty)
            let now = try await backplane.time()
            #expect(first.allSatisfy { abs($0.enqueuedAt - now) < 5000 })
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func whatWasQueuedBeforeTheFirstConsumerIsNotSkipped(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            try await backplane.enqueue("early", on: names.asks)
            let taken = try await backplane.take(1, from: names.asks, consumer: "a", wait: .seconds(5))
            #expect(taken.map(\.payload) == ["early"])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func takenItemsStayPendingUntilAcknowledged(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            for number in 1...250 {
                try await backplane.enqueue(ByteBuffer(string: "\(number)"), on: names.asks)
            }
            let taken = try await backplane.take(250, from: names.asks, consumer: "a", wait: nil)
            #expect(taken.count == 250)
            let pending = try await backplane.pending(on: names.asks, consumer: "a")
            #expect(pending.map(\.id) == taken.map(\.id))
            #expect(pending.map(\.payload) == taken.map(\.payload))
            #expect(try await backplane.pending(on: names.asks, consumer: "b").isEmpty)
            try await backplane.acknowledge(taken.dropFirst().map(\.id), on: names.asks)
            #expect(try await backplane.pending(on: names.asks, consumer: "a").map(\.id) == [taken[0].id])
            try await backplane.acknowledge([taken[0].id], on: names.asks)
            try await backplane.acknowledge([], on: names.asks)
            #expect(try await backplane.pending(on: names.asks, consumer: "a").isEmpty)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aWaitingConsumerGetsTheNextItemAtOnce(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let taken = Task {
                try await backplane.take(3, from: names.asks, consumer: "a", wait: .seconds(30))
            }
            // Longer than one blocking read, so that the wait is put together from several.
            try await Task.sleep(for: .milliseconds(kind == .redis ? 2500 : 50))
            let clock = ContinuousClock()
            let delay = try await clock.measure {
                try await backplane.enqueue("x", on: names.asks)
                #expect(try await taken.value.map(\.payload) == ["x"])
            }
            #expect(delay < .seconds(1))
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func waitingEndsEmptyHanded(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let taken = try await backplane.take(1, from: names.asks, consumer: "a", wait: .milliseconds(100))
            #expect(taken.isEmpty)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aCancelledWaitEndsAndTakesNothing(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let waiting = Task {
                try await backplane.take(1, from: names.asks, consumer: "a", wait: .seconds(60))
            }
            try await Task.sleep(for: .milliseconds(50))
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            try await backplane.enqueue("x", on: names.asks)
            #expect(try await backplane.take(1, from: names.asks, consumer: "b", wait: nil).count == 1)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func manyConsumersShareTheItemsWithoutLossOrRepeat(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let taken = Record<String>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for consumer in 0..<4 {
                    group.addTask {
                        while taken.count < 200 {
                            let wait = consumer == 0 ? Duration.milliseconds(20) : nil
                            let items = try await backplane.take(
                                3, from: names.asks, consumer: "\(consumer)", wait: wait)
                            for item in items {
                                taken.append(String(buffer: item.payload))
                            }
                            try await backplane.acknowledge(items.map(\.id), on: names.asks)
                            // In memory nothing else would, and whoever puts items in needs a thread, too.
                            await Task.yield()
                        }
                    }
                }
                for number in 0..<200 {
                    try await backplane.enqueue(ByteBuffer(string: "\(number)"), on: names.asks)
                }
                try await group.waitForAll()
            }
            #expect(taken.all.sorted() == (0..<200).map(String.init).sorted())
        }
    }

    // MARK: Lost consumers

    /// As long as an item is left to whoever has just taken it.
    private func waitUntilClaimable(_ kind: BackplaneKind) async throws {
        if kind == .redis { try await Task.sleep(for: .milliseconds(1100)) }
    }

    @Test(arguments: BackplaneKind.allCases)
    func whatALostConsumerHasTakenIsClaimedByOne(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            #expect(try await backplane.consumers(of: names.asks).isEmpty)
            for number in 1...5 { try await backplane.enqueue(ByteBuffer(string: "\(number)"), on: names.asks) }
            let taken = try await backplane.take(3, from: names.asks, consumer: "lost", wait: nil)
            _ = try await backplane.take(1, from: names.asks, consumer: "other", wait: nil)
            #expect(try await backplane.consumers(of: names.asks) == ["lost", "other"])
            try await waitUntilClaimable(kind)
            let claimed = try await withThrowingTaskGroup(of: [QueueItem].self) { group in
                for claimer in ["a", "b", "c"] {
                    group.addTask { try await backplane.claim(2, from: "lost", for: claimer, on: names.asks) }
                }
                return try await group.reduce([]) { $0 + $1 }
            }
            let rest = try await backplane.claim(5, from: "lost", for: "a", on: names.asks)
            #expect(Set((claimed + rest).map(\.id)) == Set(taken.map(\.id)))
            #expect((claimed + rest).count == 3)
            #expect((claimed + rest).allSatisfy { item in taken.contains { $0.payload == item.payload } })
            #expect(try await backplane.pending(on: names.asks, consumer: "lost").isEmpty)
            try await backplane.acknowledge(taken.map(\.id), on: names.asks)
            for claimer in ["a", "b", "c"] {
                #expect(try await backplane.pending(on: names.asks, consumer: claimer).isEmpty)
            }
            #expect(try await backplane.take(9, from: names.asks, consumer: "a", wait: nil).map(\.payload) == ["5"])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aLostConsumerIsForgottenWhenItHoldsNothing(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            #expect(try await backplane.claim(1, from: "lost", for: "a", on: names.asks).isEmpty)
            try await backplane.enqueue("x", on: names.asks)
            _ = try await backplane.take(1, from: names.asks, consumer: "lost", wait: nil)
            try await waitUntilClaimable(kind)
            #expect(try await backplane.claim(1, from: "lost", for: "a", on: names.asks).count == 1)
            #expect(try await backplane.consumers(of: names.asks) == ["lost", "a"])
            #expect(try await backplane.claim(1, from: "lost", for: "a", on: names.asks).isEmpty)
            #expect(try await backplane.consumers(of: names.asks) == ["a"])
        }
    }
}
