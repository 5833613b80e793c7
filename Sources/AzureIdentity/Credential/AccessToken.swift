public import FoundationEssentials

/// A bearer token. It appears in no description of itself or of what holds it.
public struct AccessToken: Sendable, Hashable {
    /// What goes into `Authorization: Bearer …`.
    public let token: String
    /// When it ends to be valid.
    public let expiresOn: Date
    /// From when on Entra would rather have it replaced, where that was told or follows from a long lifetime.
    public let refreshOn: Date?
    /// `Bearer`, as all credentials here ask for.
    public let tokenType: String

    /// - Parameters:
    ///   - token: What goes into `Authorization: Bearer …`.
    ///   - expiresOn: When it ends to be valid.
    ///   - refreshOn: From when on it should be replaced, if that is known.
    ///   - tokenType: How it is to be used.
    public init(token: String, expiresOn: Date, refreshOn: Date? = nil, tokenType: String = "Bearer") {
        self.token = token
        self.expiresOn = expiresOn
        self.refreshOn = refreshOn
        self.tokenType = tokenType
    }
}

extension AccessToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "AccessToken(expiresOn: \(expiresOn))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["expiresOn": expiresOn]) }
}
