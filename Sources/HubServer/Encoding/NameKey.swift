/// A key that a container makes itself: an element's index, or a superclass'.
struct NameKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    static let `super` = NameKey(stringValue: "super")

    init(_ index: Int) {
        stringValue = "\(index)"
        intValue = index
    }

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) { self.init(intValue) }
}
