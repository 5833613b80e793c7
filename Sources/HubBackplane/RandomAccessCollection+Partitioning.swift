extension RandomAccessCollection {
    /// The index of the first element for which `belongs` is true, where it is false for all before and true for all after.
    package func partitioningIndex(where belongs: (Element) -> Bool) -> Index {
        var (start, count) = (startIndex, count)
        while count > 0 {
            let middle = index(start, offsetBy: count / 2)
            if belongs(self[middle]) {
                count /= 2
            } else {
                start = index(after: middle)
                count -= count / 2 + 1
            }
        }
        return start
    }
}
