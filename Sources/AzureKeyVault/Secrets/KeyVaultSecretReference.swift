/// Where a secret is: `keyvault://VAULT/NAME`, or `keyvault://VAULT/NAME/VERSION` for one that never changes.
///
/// VAULT is the name of a vault, or a host name with or without a port.
public struct KeyVaultSecretReference: Sendable, Hashable {
    /// How references begin.
    public static let scheme = "keyvault://"
    /// Of Azure's public cloud. Others are `vault.azure.cn` and `vault.usgovcloudapi.net`.
    public static let publicCloud = "vault.azure.net"

    /// The vault's host name, and a port where one was given.
    public let host: String
    /// The secret's name.
    public let name: String
    /// Which version; nil for the one that is current at the time.
    public let version: String?
    /// The cloud's suffix, under which tokens for its vaults may be shown and under no other.
    public let dnsSuffix: String

    /// Reads a reference.
    ///
    /// - Parameter dnsSuffix: What vaults' names are completed with, and what host names must be of: a token opens all vaults
    ///   that its identity may read, so it must not reach anybody else's host.
    /// - Throws: ``KeyVaultReferenceError``.
    public init(_ text: String, dnsSuffix: String = publicCloud) throws(KeyVaultReferenceError) {
        let suffix = dnsSuffix.lowercased()
        guard Self.isHost(suffix) else { throw KeyVaultReferenceError("the DNS suffix of vaults is no host name") }
        guard text.hasPrefix(Self.scheme) else { throw KeyVaultReferenceError("must begin with keyvault://") }
        let parts = text.dropFirst(Self.scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count) else {
            throw KeyVaultReferenceError("must have the form keyvault://VAULT/NAME or keyvault://VAULT/NAME/VERSION")
        }
        host = try Self.host(parts[0].lowercased(), suffix: suffix)
        guard (1...127).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy(Self.isNameByte) else {
            throw KeyVaultReferenceError("names a secret that cannot be: letters, digits and - make up to 127")
        }
        name = String(parts[1])
        if parts.count == 3 {
            guard (1...64).contains(parts[2].utf8.count), parts[2].utf8.allSatisfy(Self.isLetterOrDigit) else {
                throw KeyVaultReferenceError("names a version that cannot be: it is made of letters and digits")
            }
            version = String(parts[2])
        } else {
            version = nil
        }
        self.dnsSuffix = suffix
    }

    /// What a token is asked for.
    var scope: String { "https://\(dnsSuffix)/.default" }

    func url(apiVersion: String) -> String {
        "https://\(host)/secrets/\(name)\(version.map { "/\($0)" } ?? "")?api-version=\(apiVersion)"
    }

    private static func host(_ text: String, suffix: String) throws(KeyVaultReferenceError) -> String {
        if isVaultName(text), text != suffix { return "\(text).\(suffix)" }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard isHost(parts[0]), parts.count == 1 || UInt16(parts[1]).map({ $0 > 0 }) == true else {
            throw KeyVaultReferenceError("names a vault that cannot be")
        }
        guard parts[0] == suffix || parts[0].hasSuffix(".\(suffix)") else {
            throw KeyVaultReferenceError("names a host that is not of \(suffix), whose tokens it would get")
        }
        return text
    }

    private static func isVaultName(_ text: String) -> Bool {
        (3...24).contains(text.utf8.count) && text.utf8.allSatisfy(isNameByte)
            && text.utf8.first.map(isLetterOrDigit) == true
    }

    private static func isHost(_ text: some StringProtocol) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { !$0.isEmpty && $0.utf8.first != UInt8(ascii: "-") && $0.utf8.allSatisfy(isNameByte) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || byte == UInt8(ascii: "-") }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}

extension KeyVaultSecretReference: CustomStringConvertible {
    public var description: String { "secret \(name) of \(host)" }
}

/// What is wrong with a reference.
public struct KeyVaultReferenceError: Error, Hashable, CustomStringConvertible {
    /// One clause that may be shown to the operator.
    public let description: String

    init(_ description: String) { self.description = description }
}
