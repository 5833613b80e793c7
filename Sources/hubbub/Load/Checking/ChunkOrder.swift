/// Counts which of the chunks 1, 2, 3 … of a reply are missing, came twice, or came late.
struct ChunkOrder {
    private(set) var received = 0
    private(set) var duplicated = 0
    /// Came after one that should follow it. It is not missing any more then.
    private(set) var outOfOrder = 0
    private var next = 1
    private var gaps: [Range<Int>] = []

    mutating func receive(_ number: Int) {
        if number == next {
            next += 1
            received += 1
        } else if number > next {
            gaps.append(next..<number)
            next = number + 1
            received += 1
        } else if let index = gaps.firstIndex(where: { $0.contains(number) }) {
            let gap = gaps.remove(at: index)
            gaps += [gap.lowerBound..<number, (number + 1)..<gap.upperBound].filter { !$0.isEmpty }
            received += 1
            outOfOrder += 1
        } else {
            duplicated += 1
        }
    }

    /// - Parameter count: How many there were, where that is known.
    func missing(of count: Int?) -> Int {
        gaps.reduce(0) { $0 + $1.count } + max(0, (count ?? 0) - (next - 1))
    }
}
