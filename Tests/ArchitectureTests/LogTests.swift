import Foundation
import Testing

/// Where nobody is authenticated, whoever knows the id of a stream holds it: logs get its first digits.
@Suite struct LogTests {
    @Test func noLineIsGivenTheWholeIdOfAStream() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources")
        let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)?
            .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
        let lines = try #require(files).flatMap { file in
            try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter {
                $0.contains("\"stream\": \"\\(")
            }
        }
        #expect(lines.count >= 10)
        for line in lines { #expect(line.contains(".logged)\"")) }
    }
}
