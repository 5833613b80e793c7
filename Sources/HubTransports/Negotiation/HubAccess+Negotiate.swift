package import HTTPTypes
import HubProtocol
package import HubServer
package import NIOCore

extension HubAccess {
    /// Answers `POST PATH/negotiate` (TransportProtocols.md, "POST [endpoint-base]/negotiate").
    ///
    /// - Returns: The body, sent with status 200 whatever it says.
    /// - Throws: ``HubRefusal`` where too many clients negotiate.
    package func negotiate(
        _ request: HTTPRequest, identity: HubIdentity, peer: String?
    ) async throws(HubRefusal) -> ByteBuffer {
        if let limiter = security.limiter {
            try limiter.negotiate(from: security.trustedProxies.client(of: request, peer: peer))
        }
        let asked = asked(by: request)
        guard case .success(let version) = asked else { return body(asked, issued: nil, for: identity) }
        let issued = await tokens.issue(isVersion0: version == 0, for: audience(identity))
        return body(asked, issued: issued, for: identity)
    }

    /// The same without waiting; `nil` where it has to be waited, and where it is refused.
    package func negotiateNow(_ request: HTTPRequest, identity: HubIdentity, peer: () -> String?) -> ByteBuffer? {
        if let limiter = security.limiter {
            let address = security.trustedProxies.client(of: request, peer: peer())
            guard (try? limiter.negotiate(from: address, isCounted: false)) != nil else { return nil }
        }
        let asked = asked(by: request)
        guard case .success(let version) = asked else { return body(asked, issued: nil, for: identity) }
        return tokens.issueNow(isVersion0: version == 0, for: audience(identity)).map {
            body(asked, issued: $0, for: identity)
        }
    }

    /// The version that the client asks for, as far as this server has it.
    private func asked(by request: HTTPRequest) -> Result<Int, NegotiateError> {
        let target = RequestTarget(request.path ?? "")
        return Result { () throws(NegotiateError) in
            try NegotiateRequest(
                negotiateVersion: target.value("negotiateversion"),
                useStatefulReconnect: target.value("usestatefulreconnect"), minimumVersion: minimumProtocolVersion
            ).version
        }
    }

    private func body(
        _ asked: Result<Int, NegotiateError>, issued: (token: String, id: String)?, for identity: HubIdentity
    ) -> ByteBuffer {
        var body = ByteBuffer()
        switch (asked, issued) {
        case (.success(let version), let (token, id)?):
            NegotiateResponse.accepted(
                NegotiatedConnection(
                    identity: version == 0
                        ? .version0(connectionID: id) : .version1(connectionID: id, connectionToken: token),
                    transports: HubTransportType.allCases.filter(transports.contains),
                    tokenLifetimeSeconds: security.enablesAuthenticationRefresh ? identity.lifetimeSeconds : nil)
            ).write(into: &body)
        case (.failure(let error), _):
            NegotiateResponse.error(error.description).write(into: &body)
        case (.success, nil):
            break
        }
        return body
    }
}
