import HTTPTypes
import HubServer

/// Groups of users. A membership lasts as Azure SignalR Service has it: `ttl` seconds, a year without, and with 0 it is one
/// of the connections that are there.
extension ManagementAPI {
    func perform(
        _ operation: ManagementRoute.UserOperation, onUser id: String, of endpoint: HubEndpoint,
        _ target: RequestTarget
    ) async -> ManagementAnswer {
        switch operation {
        case .find(let group):
            guard let isMember = try? await endpoint.isUser(id, in: group) else { return .noAnswer }
            return isMember ? ManagementAnswer(.ok) : .notFound
        case .add(let group):
            var time: Duration?
            if let text = target.value("ttl") {
                guard let seconds = Int64(text), (0...Self.maximumTimeToLive).contains(seconds) else { return .badTime }
                time = .seconds(seconds)
            }
            return ManagementAnswer(await endpoint.addUser(id, to: group, timeToLive: time), done: .ok)
        case .remove(let group):
            return ManagementAnswer(await endpoint.removeUser(id, from: group), done: .noContent)
        case .removeFromAllGroups:
            return ManagementAnswer(await endpoint.removeUser(id, from: nil), done: .noContent)
        }
    }

    private static let maximumTimeToLive = HubUserGroups.maximumTimeToLive.components.seconds
}

extension ManagementAnswer {
    fileprivate init(_ change: HubUserGroupChange, done status: HTTPResponse.Status) {
        switch change {
        case .done: self.init(status)
        case .noConnections: self = .notFound
        case .tooManyGroups:
            self.init(.conflict, error: "TooManyGroups", "The user is a member of as many groups as one may be.")
        case .unconfirmed: self = .noAnswer
        }
    }

    fileprivate static let badTime = ManagementAnswer(
        .badRequest, error: "BadTimeToLive", "ttl is a number of seconds from 0 to 31536000.")
}
