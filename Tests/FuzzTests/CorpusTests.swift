import Foundation
import NIOCore
import Testing

/// What `make fuzz` begins with, and what it has found, holds in every build.
@Suite(.timeLimit(.minutes(1))) struct CorpusTests {
    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

    @Test(arguments: FuzzedParser.allCases) func everyInputHoldsWhole(parser: FuzzedParser) throws {
        for (name, bytes) in try Self.inputs(of: parser) {
            #expect(throws: Never.self, "\(name)") { try parser.check(bytes) }
        }
    }

    @Test(arguments: FuzzedParser.allCases) func everyInputHoldsCutOff(parser: FuzzedParser) throws {
        for (name, bytes) in try Self.inputs(of: parser) {
            for length in 0..<min(bytes.readableBytes, 256) {
                let cut = try #require(bytes.getSlice(at: 0, length: length))
                #expect(throws: Never.self, "\(name), \(length) bytes") { try parser.check(cut) }
            }
        }
    }

    private static func inputs(of parser: FuzzedParser) throws -> [(name: String, ByteBuffer)] {
        let folder = corpus.appending(path: parser.rawValue)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try #require(files.isEmpty ? nil : files).map {
            ($0.lastPathComponent, ByteBuffer(bytes: try Data(contentsOf: $0)))
        }
    }
}
