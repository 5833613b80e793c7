/// The scopes of a request, held against what scopes may be before they become part of a request or of a command's arguments.
struct Scopes: Hashable {
    let values: [String]

    /// - Throws: ``AuthenticationFailedError`` when there are none, or one has characters that no scope has.
    init(_ values: [String], credential: String) throws(AuthenticationFailedError) {
        guard !values.isEmpty else {
            throw AuthenticationFailedError(credential: credential, reason: "a token needs at least one scope.")
        }
        guard values.count <= 32, values.allSatisfy(Self.isScope) else {
            throw AuthenticationFailedError(
                credential: credential,
                reason:
                    "a scope has characters other than letters, digits and . - _ : /, or there are too many of them.")
        }
        self.values = values
    }

    /// The scope as a resource of Entra's v1 endpoint: what managed identities and the Azure CLI ask for.
    func resource(credential: String) throws(AuthenticationFailedError) -> String {
        guard values.count == 1 else {
            throw AuthenticationFailedError(credential: credential, reason: "takes exactly one scope for a token.")
        }
        let suffix = "/.default"
        return values[0].hasSuffix(suffix) ? String(values[0].dropLast(suffix.count)) : values[0]
    }

    private static func isScope(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 1024
            // Nothing that a command would take for an option.
            && text.utf8.first != UInt8(ascii: "-")
            && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "_-.:/".utf8.contains($0) }
    }
}

extension UInt8 {
    var isASCIILetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
