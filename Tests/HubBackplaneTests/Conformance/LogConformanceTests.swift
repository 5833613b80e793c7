import HubBackplane
import NIOCore
import Testing

@Suite("Logs of every backplane", .timeLimit(.minutes(1)))
struct LogConformanceTests {
    @Test(arguments: BackplaneKind.allCases)
    func anAppendIsPublishedAndRead(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let stream = names.stream("s")
            let heard = Record<String>()
            _ = try await backplane.subscribe(to: stream.channel, receive: heard.receiver)
            #expect(try await backplane.append(stream.entry(1, 0, "open", creates: true)) == .accepted)
            #expect(try await backplane.append(stream.entry(1, 3, "text")) == .accepted)
            #expect(try await heard.first(2) == ["open", "text"])
            let page = try await backplane.read(stream.log, after: nil)
            #expect(page.entries.map(\.id) == [LogID(epoch: 1, seq: 0), LogID(epoch: 1, seq: 3)])
            #expect(page.entries.map(\.payload) == ["open", "text"])
            #expect(page.isLast)
            #expect(try await backplane.lastEntry(of: stream.log) == page.entries.last)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aLogKeepsAsManyEntriesAsItIsTold(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let log = names.conversation("c", of: "ada")
            for seq in UInt64(1)...5 {
                let append = LogAppend(
                    log: log, channel: nil, id: LogID(epoch: 1, seq: seq), payload: "entry", creates: true,
                    timeToLive: .seconds(10), keeping: 3)
                if seq < 5 {
                    #expect(try await backplane.append(append) == .accepted)
                } else {
                    #expect(try await backplane.append(append, ifLastIs: LogID(epoch: 1, seq: 4)))
                }
            }
            let kept = try await backplane.read(log, after: nil).entries
            #expect(kept.map(\.id.seq) == [3, 4, 5])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func idsThatAreNotNewerAreRefusedAndPublishedAllTheSame(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let stream = names.stream("s")
            let heard = Record<String>()
            _ = try await backplane.subscribe(to: stream.channel, receive: heard.receiver)
            _ = try await backplane.append(stream.entry(2, 5, "first", creates: true))
            #expect(try await backplane.append(stream.entry(2, 5, "repeat")) == .refused)
            #expect(try await backplane.append(stream.entry(2, 4, "behind")) == .refused)
            #expect(try await backplane.append(stream.entry(1, 9, "fenced")) == .refused)
            #expect(try await backplane.append(stream.entry(2, 9, "hole")) == .accepted)
            #expect(try await backplane.append(stream.entry(3, 0, "epoch")) == .accepted)
            #expect(try await heard.first(6) == ["first", "repeat", "behind", "fenced", "hole", "epoch"])
            let payloads = try await backplane.read(stream.log, after: nil).entries.map(\.payload)
            #expect(payloads == ["first", "hole", "epoch"])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func onlyAnOpeningEntryCreatesALog(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names async throws in
            let stream = names.stream("s")
            #expect(try await backplane.append(stream.entry(1, 42, "late")) == .missing)
            #expect(try await backplane.lastEntry(of: stream.log) == nil)
            #expect(try await backplane.read(stream.log, after: nil).entries.isEmpty)
            #expect(try await backplane.append(stream.entry(1, 0, "open", creates: true)) == .accepted)
            #expect(try await backplane.append(stream.entry(1, 1, "text")) == .accepted)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func theFirstIdIsZeroOne(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names async throws in
            let stream = names.stream("s")
            await #expect(throws: BackplaneError.self) {
                try await backplane.append(stream.entry(0, 0, "none", creates: true))
            }
            #expect(try await backplane.append(stream.entry(0, 1, "one", creates: true)) == .accepted)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aLongLogIsReadInPages(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let stream = names.stream("s")
            let outcomes = Record<Result<LogAppendOutcome, BackplaneError>>()
            let count = UInt64(3 * LogPage.limit + 7)
            for seq in 0...count {
                backplane.append(stream.entry(1, seq, "\(seq)", creates: seq == 0)) { outcomes.append($0) }
            }
            #expect(
                try await outcomes.first(Int(count) + 1).allSatisfy { $0 == .success(.accepted) })
            var read: [LogEntry] = []
            var page: LogPage
            repeat {
                page = try await backplane.read(stream.log, after: read.last?.id)
                #expect(page.entries.count <= LogPage.limit)
                read += page.entries
            } while !page.isLast
            #expect(read.map(\.id) == (0...count).map { LogID(epoch: 1, seq: $0) })
            #expect(read.map(\.payload) == (0...count).map { ByteBuffer(string: "\($0)") })
            let tail = try await backplane.read(stream.log, after: LogID(epoch: 1, seq: count - 2))
            #expect(tail.entries.map(\.id.seq) == [count - 1, count])
            #expect(tail.isLast)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aFullPageIsNotTheLast(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let stream = names.stream("s")
            for seq in 1...LogPage.limit {
                _ = try await backplane.append(stream.entry(1, UInt64(seq), "x", creates: true))
            }
            let page = try await backplane.read(stream.log, after: nil)
            #expect(page.entries.count == LogPage.limit)
            #expect(!page.isLast)
            let next = try await backplane.read(stream.log, after: page.entries.last?.id)
            #expect(next.entries.isEmpty)
            #expect(next.isLast)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aLogExpiresAndIsNotBroughtBackByALateAppend(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let stream = names.stream("s")
            let life = BackplaneKind.shortLife
            _ = try await backplane.append(stream.entry(1, 0, "open", creates: true, timeToLive: life))
            try await eventually { try await backplane.lastEntry(of: stream.log) == nil }
            #expect(try await backplane.append(stream.entry(1, 1, "late")) == .missing)
            #expect(try await backplane.append(stream.entry(1, 0, "again", creates: true)) == .accepted)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func anAppendRenewsTheTimeToLiveOnlyWhenItNamesOne(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let renewed = names.stream("renewed")
            let forgotten = names.stream("forgotten")
            let life = Duration.seconds(3)
            for stream in [renewed, forgotten] {
                _ = try await backplane.append(stream.entry(1, 0, "open", creates: true, timeToLive: life))
            }
            _ = try await backplane.append(renewed.entry(1, 1, "text", timeToLive: .seconds(60)))
            _ = try await backplane.append(forgotten.entry(1, 1, "text"))
            try await eventually { try await backplane.lastEntry(of: forgotten.log) == nil }
            #expect(try await backplane.lastEntry(of: renewed.log)?.payload == "text")
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aConditionalAppendNeedsTheLastId(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let stream = names.stream("s")
            let heard = Record<String>()
            _ = try await backplane.subscribe(to: stream.channel, receive: heard.receiver)
            let first = LogID(epoch: 1, seq: 0)
            #expect(try await !backplane.append(stream.entry(1, 0, "no log"), ifLastIs: LogID(epoch: 1, seq: 7)))
            #expect(try await backplane.append(stream.entry(1, 0, "one"), ifLastIs: nil))
            #expect(try await !backplane.append(stream.entry(2, 0, "again"), ifLastIs: nil))
            #expect(try await backplane.append(stream.entry(2, 0, "two"), ifLastIs: first))
            #expect(try await !backplane.append(stream.entry(3, 0, "late"), ifLastIs: first))
            #expect(try await backplane.read(stream.log, after: nil).entries.map(\.payload) == ["one", "two"])
            _ = try await backplane.publish("end", to: stream.channel)
            #expect(try await heard.first(3) == ["one", "two", "end"])
            await #expect(throws: BackplaneError.self) {
                try await backplane.append(stream.entry(1, 5, "behind"), ifLastIs: LogID(epoch: 2, seq: 0))
            }
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aConditionalAppendSetsTheTimeToLive(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let stream = names.stream("s")
            let entry = stream.entry(1, 0, "short", timeToLive: BackplaneKind.shortLife)
            #expect(try await backplane.append(entry, ifLastIs: nil))
            try await eventually { try await backplane.lastEntry(of: stream.log) == nil }
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func ofManyConditionalAppendsExactlyOneWins(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let stream = names.stream("s")
            var last: LogID?
            for round in 1...20 {
                let epoch = UInt64(round)
                let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for contender in 0..<16 {
                        group.addTask { [last] in
                            try await backplane.append(
                                stream.entry(epoch, UInt64(contender), "\(contender)"), ifLastIs: last)
                        }
                    }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(winners == 1)
                last = try await backplane.lastEntry(of: stream.log)?.id
                #expect(last?.epoch == epoch)
            }
        }
    }
}

extension BackplaneNames.Stream {
    func entry(
        _ epoch: UInt64, _ seq: UInt64, _ text: String, creates: Bool = false, timeToLive: Duration? = nil
    ) -> LogAppend {
        LogAppend(
            log: log, channel: channel, id: LogID(epoch: epoch, seq: seq), payload: ByteBuffer(string: text),
            creates: creates, timeToLive: timeToLive)
    }
}
