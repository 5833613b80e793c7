import HTTPTypes
import HubServer

/// What a request to the management API asks for: the paths of Azure SignalR Service's REST API (2022-06-01), and streams
/// in its manner.
enum ManagementRoute: Sendable, Equatable {
    case health
    case openAPI
    case hub(String, Operation)

    enum Operation: Sendable, Equatable {
        case send(HubAddress)
        case close(HubAddress)
        /// `DELETE` of one connection.
        case closeOne(HubAddress)
        case find(HubAddress)
        case add(HubAddress, toGroup: String)
        case remove(HubAddress, fromGroup: String)
        case removeFromAllGroups(HubAddress)
        case user(String, UserOperation)
        case openStream
        case stream(String, StreamOperation)
    }

    /// What is done to a user's groups.
    enum UserOperation: Sendable, Equatable {
        case find(inGroup: String)
        case add(toGroup: String)
        case remove(fromGroup: String)
        case removeFromAllGroups
    }

    /// What is done to a stream that a backend feeds.
    enum StreamOperation: Sendable, Equatable {
        case find, append, end, stop
    }

    enum Unknown: Error, Equatable {
        case path
        /// The path has these methods, and not the request's.
        case method([HTTPRequest.Method])
        /// A name in the path is too long.
        case name
    }

    static let maximumNameLength = 1024

    init(_ method: HTTPRequest.Method, path: some StringProtocol) throws(Unknown) {
        let parts = Substring(path).utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { RequestTarget.decode(path: $0) }
        guard parts.count >= 3, parts[0].isEmpty, parts[1] == "api" else { throw .path }
        switch (parts[2], parts.count) {
        case ("health", 3): self = try Self.reading(method, .health)
        case ("openapi.json", 3): self = try Self.reading(method, .openAPI)
        case ("hubs", 5...):
            guard !parts[3...].contains("") else { throw .path }
            guard parts.allSatisfy({ $0.utf8.count <= Self.maximumNameLength }) else { throw .name }
            self = .hub(parts[3], try Self.operation(method, parts[4...]))
        default: throw .path
        }
    }

    private static func reading(_ method: HTTPRequest.Method, _ route: Self) throws(Unknown) -> Self {
        guard method == .get || method == .head else { throw .method([.get, .head]) }
        return route
    }

    private static func operation(
        _ method: HTTPRequest.Method, _ parts: ArraySlice<String>
    ) throws(Unknown) -> Operation {
        var rest = parts
        let first = rest.removeFirst()
        switch first {
        case ":send", ":closeConnections":
            guard rest.isEmpty else { throw .path }
            return try action(method, first, .all)
        case "connections":
            guard let id = rest.popFirst() else { throw .path }
            return try connection(method, id, rest)
        case "groups":
            guard let group = rest.popFirst() else { throw .path }
            return try self.group(method, group, rest)
        case "users":
            guard let user = rest.popFirst() else { throw .path }
            return try self.user(method, user, rest)
        case "streams":
            guard let id = rest.popFirst() else {
                guard method == .post else { throw .method([.post]) }
                return .openStream
            }
            return .stream(id, try stream(method, rest))
        default:
            throw .path
        }
    }

    private static func stream(
        _ method: HTTPRequest.Method, _ rest: ArraySlice<String>
    ) throws(Unknown) -> StreamOperation {
        let operations: [String?: StreamOperation] = [nil: .find, ":append": .append, ":end": .end, ":stop": .stop]
        guard rest.count <= 1, let operation = operations[rest.first] else { throw .path }
        let methods: [HTTPRequest.Method] = operation == .find ? [.get, .head] : [.post]
        guard methods.contains(method) else { throw .method(methods) }
        return operation
    }

    private static func action(
        _ method: HTTPRequest.Method, _ name: String, _ address: HubAddress
    ) throws(Unknown) -> Operation {
        guard method == .post else { throw .method([.post]) }
        return name == ":send" ? .send(address) : .close(address)
    }

    private static func connection(
        _ method: HTTPRequest.Method, _ id: String, _ rest: ArraySlice<String>
    ) throws(Unknown) -> Operation {
        let address = HubAddress.connection(id)
        switch (rest.first, rest.count) {
        case (nil, _):
            switch method {
            case .get, .head: return .find(address)
            case .delete: return .closeOne(address)
            default: throw .method([.get, .head, .delete])
            }
        case (":send"?, 1): return try action(method, ":send", address)
        case ("groups"?, 1):
            guard method == .delete else { throw .method([.delete]) }
            return .removeFromAllGroups(address)
        default: throw .path
        }
    }

    private static func group(
        _ method: HTTPRequest.Method, _ group: String, _ rest: ArraySlice<String>
    ) throws(Unknown) -> Operation {
        switch (rest.first, rest.count) {
        case (nil, _):
            guard method == .get || method == .head else { throw .method([.get, .head]) }
            return .find(.group(group))
        case (":send"?, 1), (":closeConnections"?, 1):
            return try action(method, rest[rest.startIndex], .group(group))
        case ("connections"?, 2):
            return try membership(method, .connection(rest[rest.startIndex + 1]), group)
        default: throw .path
        }
    }

    private static func user(
        _ method: HTTPRequest.Method, _ user: String, _ rest: ArraySlice<String>
    ) throws(Unknown) -> Operation {
        let address = HubAddress.user(user)
        switch (rest.first, rest.count) {
        case (nil, _):
            guard method == .get || method == .head else { throw .method([.get, .head]) }
            return .find(address)
        case (":send"?, 1), (":closeConnections"?, 1):
            return try action(method, rest[rest.startIndex], address)
        case ("groups"?, 1):
            guard method == .delete else { throw .method([.delete]) }
            return .user(user, .removeFromAllGroups)
        case ("groups"?, 2):
            let group = rest[rest.startIndex + 1]
            return switch method {
            case .get, .head: .user(user, .find(inGroup: group))
            case .put: .user(user, .add(toGroup: group))
            case .delete: .user(user, .remove(fromGroup: group))
            default: throw .method([.get, .head, .put, .delete])
            }
        default: throw .path
        }
    }

    private static func membership(
        _ method: HTTPRequest.Method, _ address: HubAddress, _ group: String
    ) throws(Unknown) -> Operation {
        switch method {
        case .put: return .add(address, toGroup: group)
        case .delete: return .remove(address, fromGroup: group)
        default: throw .method([.put, .delete])
        }
    }
}
