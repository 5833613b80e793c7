import Foundation
import Testing

/// The README shows an example that is built and tested.
@Suite struct ExampleTests {
    @Test func theFirstSwiftOfTheReadmeIsTheExample() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let example = try String(contentsOf: root.appending(path: "Examples/HelloHub/main.swift"), encoding: .utf8)
        let block = try #require(readme.firstRange(of: "```swift\n"))
        #expect(readme[block.upperBound...].hasPrefix(example + "```\n"))
    }
}
