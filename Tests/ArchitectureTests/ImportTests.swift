import Foundation
import Testing

/// Modules exist so that someone can leave something out: what each may import is a promise.
@Suite struct ImportTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources")

    private static let own: Set<String> = [
        "AzureIdentity", "AzureKeyVault", "CHiredis", "ChatHub", "ChatModels", "ChunkStreams", "HubBackplane",
        "HubBackplaneRedis", "HubHummingbird",
        "HubProtocol", "HubServer", "HubTesting", "HubTransports", "PrometheusMetrics",
    ]

    /// The modules of this package that a module may import.
    static let allowed: [(module: String, imports: Set<String>)] = [
        ("HubProtocol", []),
        ("HubBackplane", []),
        ("HubBackplaneRedis", ["HubBackplane", "CHiredis"]),
        ("ChunkStreams", ["HubBackplane"]),
        ("HubServer", ["HubProtocol", "HubBackplane"]),
        ("HubTransports", ["HubServer", "HubProtocol", "HubBackplane"]),
        ("HubHummingbird", ["HubTransports", "HubServer", "HubProtocol", "HubBackplane"]),
        ("ChatModels", []),
        ("PrometheusMetrics", []),
        ("AzureIdentity", []),
        ("AzureKeyVault", ["AzureIdentity"]),
        ("ChatHub", ["HubServer", "HubProtocol", "HubBackplane", "ChunkStreams", "ChatModels"]),
        ("HubTesting", ["HubServer", "HubProtocol", "HubBackplane"]),
    ]

    @Test(arguments: allowed) func importsNothingToItsRight(rule: (module: String, imports: Set<String>)) throws {
        #expect(try Self.imports(of: rule.module).intersection(Self.own).subtracting(rule.imports) == [])
    }

    @Test(arguments: ["HubProtocol", "HubBackplane", "ChunkStreams", "HubServer"])
    func hasNoSocketsAndNoFramework(module: String) throws {
        let imports = try Self.imports(of: module)
        #expect(
            imports.isDisjoint(with: ["NIOPosix", "Hummingbird", "HummingbirdCore", "AsyncHTTPClient", "CHiredis"]))
    }

    @Test func theProtocolIsPureValues() throws {
        #expect(try Self.imports(of: "HubProtocol") == ["NIOCore"])
    }

    @Test(arguments: ["HubTransports", "HubServer", "ChatHub"]) func leavesTheFrameworkToItsAdapter(module: String)
        throws
    {
        #expect(try Self.imports(of: module).isDisjoint(with: ["Hummingbird", "HummingbirdCore"]))
    }

    @Test(arguments: allowed.map(\.module)) func startsNoProcesses(module: String) throws {
        #expect(try Self.imports(of: module).contains("Subprocess") == (module == "AzureIdentity"))
    }

    @Test(arguments: allowed.map(\.module)) func leavesTokensToTheTransports(module: String) throws {
        #expect(try Self.imports(of: module).contains("JWTKit") == (module == "HubTransports"))
    }

    private static func imports(of module: String) throws -> Set<String> {
        let root = sources.appending(path: module)
        let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?
            .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
        let names = try #require(files).flatMap { file in
            try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap(imported)
        }
        return Set(try #require(names.isEmpty ? nil : names))
    }

    /// The module that a line imports.
    private static func imported(_ line: Substring) -> String? {
        var words = line.split(separator: " ")[...]
        while let word = words.first,
            ["public", "package", "internal", "private"].contains(word) || word.hasPrefix("@")
        {
            words.removeFirst()
        }
        guard words.popFirst() == "import", let name = words.first else { return nil }
        return String(name.split(separator: ".")[0])
    }
}
