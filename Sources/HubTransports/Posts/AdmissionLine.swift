import DequeModule

/// Lets in what comes, in its order, while there is room for what it weighs. A value without I/O.
struct AdmissionLine<Member: AnyObject> {
    private let capacity: Int
    private var weight = 0
    private var inside: [(member: Member, weight: Int)] = []
    private var waiting: Deque<(member: Member, weight: Int)> = []

    init(capacity: Int) { self.capacity = capacity }

    var isEmpty: Bool { inside.isEmpty && waiting.isEmpty }

    /// - Returns: Those that are in from now on: this one, or nobody.
    mutating func arrive(_ member: Member, weight: Int) -> [Member] {
        waiting.append((member, weight))
        return admit()
    }

    /// Whether it is in or waits.
    ///
    /// - Returns: Those that are in from now on.
    mutating func leave(_ member: Member) -> [Member] {
        if let index = inside.firstIndex(where: { $0.member === member }) {
            weight -= inside.remove(at: index).weight
        } else {
            waiting.removeAll { $0.member === member }
        }
        return admit()
    }

    /// What weighs more than all that there is goes in alone.
    private mutating func admit() -> [Member] {
        var admitted: [Member] = []
        while let next = waiting.first, inside.isEmpty || weight + next.weight <= capacity {
            waiting.removeFirst()
            weight += next.weight
            inside.append(next)
            admitted.append(next.member)
        }
        return admitted
    }
}

extension AdmissionLine: Sendable where Member: Sendable {}
