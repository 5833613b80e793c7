import HubBackplane

/// The viewers of one stream on one node, in the order in which they came, and so sorted by number.
struct ViewerList: Sendable {
    private var states: [ViewerState] = []
    private var lastNumber = 0

    var isEmpty: Bool { states.isEmpty }

    /// The one viewer, where there is just one.
    var only: ViewerState? { states.count == 1 ? states[0] : nil }

    /// Adds a viewer and gives it a number.
    mutating func add(_ sink: any ChunkViewerSink, at cursor: ChunkCursor) -> Int {
        lastNumber += 1
        states.append(ViewerState(number: lastNumber, sink: sink, cursor: cursor))
        return lastNumber
    }

    mutating func remove(_ number: Int) {
        guard let index = index(of: number) else { return }
        states.remove(at: index)
    }

    /// Changes the viewer of a number in place; `nil` where it is gone.
    mutating func update<Result>(_ number: Int, _ body: (inout ViewerState) -> Result) -> Result? {
        guard let index = index(of: number) else { return nil }
        return body(&states[index])
    }

    /// Tells every viewer that has not been told yet.
    mutating func signal() {
        for index in states.indices where !states[index].isSignalled {
            states[index].isSignalled = true
            states[index].sink.viewerHasNews()
        }
    }

    /// The least that any viewer of this text has read.
    func slowest(inText textEpoch: UInt64) -> UInt64? {
        states.lazy.filter { $0.cursor.textEpoch == textEpoch }.map(\.cursor.seq).min()
    }

    private func index(of number: Int) -> Int? {
        if let only, only.number == number { return 0 }
        let place = states.partitioningIndex { $0.number >= number }
        return place < states.endIndex && states[place].number == number ? place : nil
    }
}
