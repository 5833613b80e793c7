package import HTTPTypes
package import HubServer
package import NIOCore

/// The management API: what a backend may do to a node's hubs, and through them to all connections of the cluster.
package struct ManagementAPI: Sendable {
    /// As in Azure SignalR Service.
    package static let maximumBodySize = 1024 * 1024

    private let key: ManagementKey
    private let endpoint: @Sendable (_ path: String) -> HubEndpoint?

    /// - Parameter endpoint: Finds the hub that is mounted at a path.
    package init(key: ManagementKey, endpoint: @escaping @Sendable (_ path: String) -> HubEndpoint?) {
        self.key = key
        self.endpoint = endpoint
    }

    /// Whether the request may be read any further; the description of the API is no secret.
    package func admits(_ request: HTTPRequest) async -> Bool {
        if await key.admits(request) { return true }
        guard let route = try? ManagementRoute(request.method, path: RequestTarget(request.path ?? "").path) else {
            return false
        }
        return route == .openAPI
    }

    package func answer(_ request: HTTPRequest, body: ByteBuffer) async -> ManagementAnswer {
        let target = RequestTarget(request.path ?? "")
        let route: ManagementRoute
        do {
            route = try ManagementRoute(request.method, path: target.path)
        } catch {
            return switch error {
            case .path:
                ManagementAnswer(.notFound, error: "NotFound", "There is nothing at this path.")
            case .method(let methods):
                ManagementAnswer(allows: methods)
            case .name:
                ManagementAnswer(.badRequest, error: "BadName", "A name in the path is too long.")
            }
        }
        switch route {
        case .health:
            return ManagementAnswer(.ok)
        case .openAPI:
            return ManagementAnswer(.ok, body: ByteBuffer(bytes: PackageResources.openapi_json))
        case .hub(let name, let operation):
            guard let endpoint = endpoint("/" + name) else {
                return ManagementAnswer(.notFound, error: "NoSuchHub", "There is no such hub.")
            }
            return await perform(operation, at: endpoint, target, body)
        }
    }

    private func perform(
        _ operation: ManagementRoute.Operation, at endpoint: HubEndpoint, _ target: RequestTarget, _ body: ByteBuffer
    ) async -> ManagementAnswer {
        switch operation {
        case .send(let address):
            return send(body, to: address, at: endpoint, except: target.excluded)
        case .close(let address):
            let outcome = await endpoint.close(address, reason: target.value("reason"), except: target.excluded)
            // That there are none to be closed is as good.
            return outcome == nil ? .noAnswer : ManagementAnswer(.noContent)
        case .closeOne(let address):
            return ManagementAnswer(await endpoint.close(address, reason: target.value("reason")), done: .ok)
        case .find(let address):
            return ManagementAnswer(await endpoint.find(address), done: .ok)
        case .add(let address, let group):
            return ManagementAnswer(await endpoint.add(address, toGroup: group), done: .ok)
        case .remove(let address, let group):
            return ManagementAnswer(await endpoint.remove(address, fromGroup: group), done: .ok)
        case .removeFromAllGroups(let address):
            return ManagementAnswer(await endpoint.removeFromAllGroups(address), done: .ok)
        case .user(let id, let operation):
            return await perform(operation, onUser: id, of: endpoint, target)
        case .openStream:
            return await openStream(body, at: endpoint)
        case .stream(let id, let operation):
            return await perform(operation, onStream: id, of: endpoint, body)
        }
    }

    private func send(
        _ body: ByteBuffer, to address: HubAddress, at endpoint: HubEndpoint, except excluded: [String]
    ) -> ManagementAnswer {
        guard let message = PayloadMessage(body: body), !message.target.isEmpty else {
            return ManagementAnswer(
                .badRequest, error: "BadBody", "The body must be JSON such as {\"target\":\"name\",\"arguments\":[]}.")
        }
        do {
            try endpoint.send(message.target, message.arguments, to: address, except: excluded)
            return ManagementAnswer(.accepted)
        } catch {
            return ManagementAnswer(.badRequest, error: "BadBody", "An argument cannot be sent.")
        }
    }
}

extension RequestTarget {
    /// Connections that are left out: `excluded=A&excluded=B`, or `excluded=A,B`.
    fileprivate var excluded: [String] {
        query.filter { $0.name.lowercased() == "excluded" }
            .flatMap { $0.value.split(separator: ",").map(String.init) }
    }
}
