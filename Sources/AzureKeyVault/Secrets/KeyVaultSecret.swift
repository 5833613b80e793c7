public import FoundationEssentials

/// A secret as a vault has it. Its value appears in no description of itself or of what holds it.
public struct KeyVaultSecret: Sendable, Hashable {
    /// The secret itself, without line ends behind it: files that are uploaded have them.
    public let value: String
    /// Which version it is, as the last part of its id.
    public let version: String
    /// When its owner wants it replaced at the latest; vaults hand it out after that, too.
    public let expiresOn: Date?

    public init(value: String, version: String, expiresOn: Date? = nil) {
        self.value = value
        self.version = version
        self.expiresOn = expiresOn
    }
}

extension KeyVaultSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "KeyVaultSecret(version: \(version))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["version": version]) }
}

extension KeyVaultSecret {
    /// Nil where it is no answer of a vault, or the value is empty.
    init?(body: some Collection<UInt8>) {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)),
            let last = answer.value.lastIndex(where: { !$0.isNewline })
        else { return nil }
        self.init(
            value: String(answer.value[...last]),
            version: answer.id.split(separator: "/").last.map { String($0.prefix(64)) } ?? "",
            expiresOn: answer.attributes?.exp.map { Date(timeIntervalSince1970: $0) })
    }

    private struct Answer: Decodable {
        struct Attributes: Decodable { let exp: Double? }

        let value: String
        let id: String
        let attributes: Attributes?
    }
}
