import HTTPTypes
public import HubServer
import HubTransports
public import Hummingbird
import NIOCore

extension RouterMethods {
    /// Adds the management API at `/api`: a backend sends to connections, groups and users of the hubs, on whichever nodes
    /// they are, changes groups, and closes connections. Its paths are those of Azure SignalR Service's REST API;
    /// `/api/openapi.json` describes them.
    ///
    /// - Parameters:
    ///   - hubs: The hubs, named by their paths without the leading slash.
    ///   - key: What a backend shows, as `Authorization: Bearer KEY` or `api-key: KEY`. Keep it as secret as a password.
    @discardableResult
    public func management(of hubs: HTTPHubs, key: String) -> Self {
        management(of: hubs, key: RotatingSecret(Array(key.utf8)))
    }

    /// The same with a key that may be replaced.
    @discardableResult
    public func management(of hubs: HTTPHubs, key: RotatingSecret) -> Self {
        let api = ManagementAPI(key: ManagementKey(key)) { hubs.access(at: $0)?.endpoint }
        for method in ManagementAPI.methods {
            on("/api/**", method: method) { request, _ in Response(await api.answer(request), to: request) }
        }
        return self
    }
}

extension ManagementAPI {
    /// The router answers 404 to other ones.
    fileprivate static let methods =
        [.get, .head, .post, .put, .delete, .patch, .options, .trace] + [HTTPRequest.Method("QUERY")].compactMap(\.self)

    fileprivate func answer(_ request: Request) async -> ManagementAnswer {
        guard await admits(request.head) else { return .unauthorized }
        guard let body = try? await request.body.collect(upTo: Self.maximumBodySize) else { return .tooLarge }
        return await answer(request.head, body: body)
    }
}

extension Response {
    fileprivate init(_ answer: ManagementAnswer, to request: Request) {
        var headers: HTTPFields = [:]
        // The router leaves it to its routes that HEAD is answered without a body.
        let body = request.method == .head ? nil : answer.body
        if body != nil { headers[.contentType] = "application/json" }
        if !answer.allowed.isEmpty { headers[.allow] = answer.allowed.map(\.rawValue).joined(separator: ", ") }
        if answer.status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        if answer.status == .serviceUnavailable { headers[.retryAfter] = "1" }
        self.init(
            status: answer.status, headers: headers, body: body.map { ResponseBody(byteBuffer: $0) } ?? .init())
    }
}
