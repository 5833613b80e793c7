import Crypto

/// What a negotiated client shows when it connects: a signed promise that any node of the cluster can check, so that
/// negotiating leaves nothing behind on the node that did it.
///
/// The token is base64url of
///
///     version (1) | flags (1) | key id (4) | first-use deadline in ms since 1970 (8) | connection id (16) | MAC (16)
///
/// with integers in network order. The MAC is HMAC-SHA256, cut to 16 bytes, over what stands before it, then the hub's
/// path, a zero byte and the user: a token is worth nothing at another hub or for another user, although it names
/// neither.
struct ConnectionToken: Sendable, Equatable {
    private static let version: UInt8 = 1
    private static let macCount = 16
    private static let signedCount = 1 + 1 + TokenKey.idCount + 8 + ConnectionID.byteCount

    /// What was negotiated, one bit for each.
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        /// The id and the token are one string, as negotiate version 0 has it.
        static let version0 = Flags(rawValue: 1)
        /// The client may go on over another WebSocket.
        static let statefulReconnect = Flags(rawValue: 2)
        static let all: Flags = [.version0, .statefulReconnect]
    }

    let flags: Flags
    let deadline: Int64
    let connectionBytes: [UInt8]

    /// Who may use a token, and where.
    struct Audience: Sendable {
        let bytes: [UInt8]

        /// - Parameter path: The hub's path in lower case.
        init(path: String, userID: String?) {
            bytes = Array(path.utf8) + [0] + Array((userID ?? "").utf8)
        }
    }

    /// Why a token is not read. A client is told the same for all of them.
    enum Refusal: Error {
        case malformed
        /// Another secret signed it: this node has not read that one yet, or it is forged.
        case unknownKey
        case forged
    }

    init(flags: Flags, deadline: Int64) {
        self.flags = flags
        self.deadline = deadline
        connectionBytes = ConnectionID.randomBytes()
    }

    func signed(with key: TokenKey, for audience: Audience) -> String {
        var bytes: [UInt8] = [Self.version, flags.rawValue]
        bytes.reserveCapacity(Self.signedCount + Self.macCount)
        bytes += key.id
        withUnsafeBytes(of: deadline.bigEndian) { bytes += $0 }
        bytes += connectionBytes
        return Base64URL.encode(bytes + key.mac(of: bytes[...], for: audience).prefix(Self.macCount))
    }

    init(_ string: String, keys: some Sequence<TokenKey>, audience: Audience) throws(Refusal) {
        guard string.utf8.count <= 80, let bytes = Base64URL.decode(string),
            bytes.count == Self.signedCount + Self.macCount, bytes[0] == Self.version,
            case let flags = Flags(rawValue: bytes[1]), flags.isSubset(of: .all)
        else { throw .malformed }
        let id = bytes[2..<2 + TokenKey.idCount]
        guard let key = keys.first(where: { $0.id.elementsEqual(id) }) else { throw .unknownKey }
        guard key.verifies(bytes[Self.signedCount...], of: bytes[..<Self.signedCount], for: audience) else {
            throw .forged
        }
        let numbers = bytes[(2 + TokenKey.idCount)...]
        deadline = numbers.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
        self.flags = flags
        connectionBytes = Array(numbers.dropFirst(8).prefix(ConnectionID.byteCount))
    }
}

/// A secret that signs connection tokens.
struct TokenKey: Sendable {
    static let idCount = 4

    /// Names the secret without telling it.
    let id: [UInt8]
    private let key: SymmetricKey

    init(secret: [UInt8]) {
        key = SymmetricKey(data: secret)
        id = Array(SHA256.hash(data: Array("hubbub key id".utf8) + secret).prefix(Self.idCount))
    }

    fileprivate func mac(of signed: ArraySlice<UInt8>, for audience: ConnectionToken.Audience) -> [UInt8] {
        var mac = HMAC<SHA256>(key: key)
        mac.update(data: signed)
        mac.update(data: audience.bytes)
        return Array(mac.finalize())
    }

    fileprivate func verifies(
        _ given: ArraySlice<UInt8>, of signed: ArraySlice<UInt8>, for audience: ConnectionToken.Audience
    ) -> Bool {
        let expected = mac(of: signed, for: audience).prefix(given.count)
        // In constant time: how long a comparison takes must not tell how much of a forged MAC is right.
        return expected.count == given.count && zip(expected, given).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
