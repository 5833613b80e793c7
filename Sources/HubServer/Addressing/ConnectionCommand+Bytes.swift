import NIOCore

private enum Kind: UInt8 {
    case add = 1
    case remove = 2
    case authenticate = 3
    case close = 4
    case find = 5
    case removeFromAllGroups = 6
    case show = 7
}

extension ConnectionCommand {
    /// Writes the kind and what belongs to it, see ``Envelope``.
    func write(into bytes: inout ByteBuffer) {
        switch self {
        case .add(let group):
            bytes.writeInteger(Kind.add.rawValue)
            bytes.writeCounted(group)
        case .remove(let group):
            bytes.writeInteger(Kind.remove.rawValue)
            bytes.writeCounted(group)
        case .authenticate(let user, let milliseconds):
            bytes.writeInteger(Kind.authenticate.rawValue)
            bytes.writeInteger(milliseconds ?? -1)
            let claims = user.claims
            bytes.writeInteger(UInt32(clamping: claims.count))
            for claim in claims {
                bytes.writeCounted(claim.type)
                bytes.writeCounted(claim.value)
            }
        case .removeFromAllGroups:
            bytes.writeInteger(Kind.removeFromAllGroups.rawValue)
        case .close(let error, let allowReconnect, let excluded):
            bytes.writeInteger(Kind.close.rawValue)
            bytes.writeInteger((allowReconnect ? 1 : 0) | (error == nil ? 0 : 2) as UInt8)
            bytes.writeCounted(error ?? "")
            bytes.writeInteger(UInt32(clamping: excluded.count))
            for id in excluded { bytes.writeCounted(id) }
        case .find(let group):
            bytes.writeInteger(Kind.find.rawValue)
            bytes.writeInteger(group == nil ? 0 : 1 as UInt8)
            bytes.writeCounted(group ?? "")
        case .show(let stream):
            bytes.writeInteger(Kind.show.rawValue)
            bytes.writeCounted(stream)
        }
    }

    init?(_ bytes: inout ByteBuffer) {
        switch bytes.readInteger(as: UInt8.self).flatMap(Kind.init(rawValue:)) {
        case .add:
            guard let group = bytes.readCountedString() else { return nil }
            self = .add(group: group)
        case .remove:
            guard let group = bytes.readCountedString() else { return nil }
            self = .remove(group: group)
        case .authenticate:
            guard let milliseconds = bytes.readInteger(as: Int64.self), let count = bytes.readInteger(as: UInt32.self)
            else { return nil }
            var claims: [(type: String, value: String)] = []
            for _ in 0..<count {
                guard let type = bytes.readCountedString(), let value = bytes.readCountedString() else { return nil }
                claims.append((type: type, value: value))
            }
            self = .authenticate(
                ClaimsPrincipal(claims: claims), milliseconds: milliseconds < 0 ? nil : milliseconds)
        case .close:
            guard let flags = bytes.readInteger(as: UInt8.self), let error = bytes.readCountedString(),
                let count = bytes.readInteger(as: UInt32.self)
            else { return nil }
            var excluded: [String] = []
            for _ in 0..<count {
                guard let id = bytes.readCountedString() else { return nil }
                excluded.append(id)
            }
            self = .close(
                error: flags & 2 == 0 ? nil : error, allowReconnect: flags & 1 == 1, except: excluded)
        case .find:
            guard let hasGroup = bytes.readInteger(as: UInt8.self), let group = bytes.readCountedString() else {
                return nil
            }
            self = .find(inGroup: hasGroup == 0 ? nil : group)
        case .removeFromAllGroups:
            self = .removeFromAllGroups
        case .show:
            guard let stream = bytes.readCountedString() else { return nil }
            self = .show(stream: stream)
        case nil:
            return nil
        }
    }
}
