/// A log in memory: entries in the order of their ids.
struct InMemoryLog {
    private(set) var entries: [LogEntry] = []

    var last: LogID? { entries.last?.id }

    /// Appends an entry unless the log already has its id or a higher one.
    ///
    /// - Parameter count: How many entries the log keeps.
    mutating func append(_ entry: LogEntry, keeping count: Int?) -> Bool {
        if let last, entry.id <= last { return false }
        entries.append(entry)
        if let count, entries.count > count { entries.removeFirst(entries.count - count) }
        return true
    }

    func page(after id: LogID?) -> LogPage {
        let start = id.map { id in entries.partitioningIndex { $0.id > id } } ?? 0
        let end = min(start + LogPage.limit, entries.count)
        return LogPage(entries: Array(entries[start..<end]), isLast: end - start < LogPage.limit)
    }
}
