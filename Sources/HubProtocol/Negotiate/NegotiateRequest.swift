/// What a client asks for with `POST …/negotiate`; all of it is in the query.
package struct NegotiateRequest: Sendable, Equatable {
    /// The highest version of negotiate that is answered.
    package static let highestVersion = 1

    /// The version to answer with: the client's, or the highest one if the client's is higher.
    package let version: Int
    /// The client is able to resume its connection on a new WebSocket.
    package let useStatefulReconnect: Bool

    /// - Parameters:
    ///   - negotiateVersion: the query value of that name; nil (absent) means 0.
    ///   - useStatefulReconnect: the query value of that name; `true` in any case means true.
    ///   - minimumVersion: lower versions are refused.
    package init(
        negotiateVersion: String?, useStatefulReconnect: String? = nil, minimumVersion: Int = 0
    ) throws(NegotiateError) {
        var version = 0
        if let negotiateVersion {
            guard let number = Int(negotiateVersion) else { throw .versionIsNotAnInteger }
            version = number
        }
        guard version >= minimumVersion else { throw .versionIsNotSupported(version) }
        self.version = min(version, Self.highestVersion)
        self.useStatefulReconnect = useStatefulReconnect?.lowercased() == "true"
    }
}

/// Why a negotiate request is refused. The client gets the text in a 200 response, see ``NegotiateResponse/error(_:)``.
package enum NegotiateError: Error, Hashable, Sendable, CustomStringConvertible {
    case versionIsNotAnInteger
    case versionIsNotSupported(Int)

    package var description: String {
        switch self {
        case .versionIsNotAnInteger:
            "The client requested a non-integer protocol version."
        case .versionIsNotSupported(let version):
            "The client requested version '\(version)', but the server does not support this version."
        }
    }
}
