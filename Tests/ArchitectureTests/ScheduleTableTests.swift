import Foundation
import Testing

/// docs/SCHEDULES.md names the tests that hold what it says.
@Suite struct ScheduleTableTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The rows of the table, by number, and the tests that each names.
    private static func rows() throws -> [(number: Int, tests: [String])] {
        try String(contentsOf: root.appending(path: "docs/SCHEDULES.md"), encoding: .utf8)
            .split(separator: "\n").compactMap { line in
                let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
                guard let number = cells.first.flatMap({ Int($0) }), let held = cells.last else { return nil }
                return (number, held.split(separator: "`").map(String.init).filter { $0 != " " })
            }
    }

    /// The tests that there are, as `Suite.test` and `file.py::test`.
    private static func tests() throws -> Set<String> {
        let files = FileManager.default.enumerator(
            at: root.appending(path: "Tests"), includingPropertiesForKeys: nil)?.compactMap { $0 as? URL }
        var tests: Set<String> = []
        for file in try #require(files) where ["swift", "py"].contains(file.pathExtension) {
            let text = try String(contentsOf: file, encoding: .utf8)
            tests.formUnion(file.pathExtension == "py" ? python(text, file.lastPathComponent) : swift(text))
        }
        return tests
    }

    private static func swift(_ text: String) -> [String] {
        var suite: Substring?
        var isTest = false
        return text.split(separator: "\n").compactMap { line in
            if let type = name(after: "struct ", in: line) ?? name(after: "extension ", in: line),
                type.hasSuffix("Tests")
            {
                suite = type
            }
            if line.contains("@Test") { isTest = true }
            guard isTest, let suite, let test = name(after: "func ", in: line) else { return nil }
            isTest = false
            return "\(suite).\(test)"
        }
    }

    private static func python(_ text: String, _ file: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            name(after: "def ", in: line).flatMap { $0.hasPrefix("test_") ? "\(file)::\($0)" : nil }
        }
    }

    private static func name(after keyword: String, in line: Substring) -> Substring? {
        line.firstRange(of: keyword).map { range in
            line[range.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        }
    }

    @Test func allSchedulesAreThereAndEachIsHeldByATest() throws {
        let rows = try Self.rows()
        #expect(rows.map(\.number) == Array(1...30))
        #expect(rows.allSatisfy { !$0.tests.isEmpty })
    }

    @Test func everyTestThatIsNamedExists() throws {
        let tests = try Self.tests()
        for (number, named) in try Self.rows() {
            #expect(Set(named).subtracting(tests) == [], "schedule \(number)")
        }
    }
}
