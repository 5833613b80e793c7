import NIOCore

/// Who a client is, as the claims that were made about it and checked: those of its token.
///
/// A claim is a type and a value; types are matched without regard to case, as in .NET, values with it. A token's array
/// is one claim for each element, numbers and booleans are claims of their text.
public struct ClaimsPrincipal: Sendable, Hashable {
    private let fields: PackedFields

    /// Creates a principal.
    ///
    /// - Parameter claims: Types and values, in an order that is kept.
    public init(claims: [(type: String, value: String)]) {
        fields = PackedFields(claims.map { (name: $0.type, value: $0.value) })
    }

    /// What ``packed`` of another one is.
    init(packed: ByteBuffer) { fields = PackedFields(packed: packed) }

    /// The claims as they are kept, to be sent to another node.
    var packed: ByteBuffer { fields.packed }

    /// All claims.
    public var claims: [(type: String, value: String)] { fields.all.map { (type: $0.name, value: $0.value) } }

    /// The value of the first claim of a type.
    public func first(_ type: String) -> String? { fields.first(type) }

    /// The values of all claims of a type.
    public func all(_ type: String) -> [String] {
        let type = type.lowercased()
        return fields.all.filter { $0.name.lowercased() == type }.map(\.value)
    }

    /// Whether a claim of a type has this value.
    public func hasClaim(_ type: String, _ value: String) -> Bool { all(type).contains(value) }

    /// Whether a role claim (``ClaimTypes/roles``) has this value.
    public func isInRole(_ role: String) -> Bool { ClaimTypes.roles.contains { hasClaim($0, role) } }

    /// Whether a scope claim has this word: `scp` of Microsoft Entra ID, `scope` of RFC 8693, both words with spaces
    /// between.
    public func hasScope(_ scope: String) -> Bool {
        ClaimTypes.scopes.contains { type in
            all(type).contains { $0.split(separator: " ").contains(Substring(scope)) }
        }
    }

    /// What names the user to ``HubClients/user(_:)``, unless the application has a provider of its own: the first claim
    /// of one of ``ClaimTypes/nameIdentifiers``.
    public var nameIdentifier: String? {
        ClaimTypes.nameIdentifiers.lazy.compactMap { first($0) }.first
    }
}

/// Types of claims, as tokens have them and as .NET calls them.
public enum ClaimTypes {
    /// What names a user, in the order in which they are looked for.
    public static let nameIdentifiers = [
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", "nameid", "sub",
    ]
    /// What names a role.
    public static let roles = ["roles", "role", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"]
    /// What names what a client may do for a user.
    public static let scopes = ["scp", "scope"]
}
