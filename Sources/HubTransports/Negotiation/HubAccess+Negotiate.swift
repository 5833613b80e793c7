package import HTTPTypes
import HubProtocol
package import NIOCore

extension HubAccess {
    /// Answers `POST PATH/negotiate` (TransportProtocols.md, "POST [endpoint-base]/negotiate").
    ///
    /// - Returns: The body, sent with status 200 whatever it says.
    /// - Throws: ``HubRefusal`` for pages of other origins.
    package func negotiate(_ request: HTTPRequest, userID: String?) async throws(HubRefusal) -> ByteBuffer {
        guard origins.allows(request) else { throw .originNotAllowed }
        let target = RequestTarget(request.path ?? "")
        let response = await response(to: target, userID: userID)
        var body = ByteBuffer()
        response.write(into: &body)
        return body
    }

    private func response(to target: RequestTarget, userID: String?) async -> NegotiateResponse {
        let request: NegotiateRequest
        do {
            request = try NegotiateRequest(
                negotiateVersion: target.value("negotiateversion"),
                useStatefulReconnect: target.value("usestatefulreconnect"))
        } catch {
            return .error(error.description)
        }
        let (token, id) = await tokens.issue(isVersion0: request.version == 0, for: audience(userID))
        return .accepted(
            NegotiatedConnection(
                identity: request.version == 0
                    ? .version0(connectionID: id) : .version1(connectionID: id, connectionToken: token),
                transports: [.webSockets]))
    }
}
