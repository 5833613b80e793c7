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
        guard case .success(let flags) = asked else { return body(asked, issued: nil, for: identity) }
        let issued = await tokens.issue(flags, for: audience(identity))
        return body(asked, issued: issued, for: identity)
    }

    /// The same without waiting; `nil` where it has to be waited, and where it is refused.
    package func negotiateNow(_ request: HTTPRequest, identity: HubIdentity, peer: () -> String?) -> ByteBuffer? {
        let asked = asked(by: request)
        var issued: (token: String, id: String)?
        if case .success(let flags) = asked {
            issued = tokens.issueNow(flags, for: audience(identity))
            // Before it counts as one of its client's: it is asked for again.
            if issued == nil { return nil }
        }
        if let limiter = security.limiter {
            let address = security.trustedProxies.client(of: request, peer: peer())
            guard (try? limiter.negotiate(from: address)) != nil else { return nil }
        }
        return body(asked, issued: issued, for: identity)
    }

    /// What the client asks for, as far as this server has it.
    private func asked(by request: HTTPRequest) -> Result<ConnectionToken.Flags, NegotiateError> {
        let target = RequestTarget(request.path ?? "")
        return Result { () throws(NegotiateError) in
            let asked = try NegotiateRequest(
                negotiateVersion: target.value("negotiateversion"),
                useStatefulReconnect: target.value("usestatefulreconnect"), minimumVersion: minimumProtocolVersion)
            if asked.version == 0 { return .version0 }
            return asked.useStatefulReconnect && offersStatefulReconnect ? .statefulReconnect : []
        }
    }

    /// Only WebSockets can be replaced. In version 0, where the id that others know is all that a client shows, any of them
    /// could take its connection over: it is not offered there.
    private var offersStatefulReconnect: Bool { allowsStatefulReconnects && transports.contains(.webSockets) }

    private func body(
        _ asked: Result<ConnectionToken.Flags, NegotiateError>, issued: (token: String, id: String)?,
        for identity: HubIdentity
    ) -> ByteBuffer {
        var body = ByteBuffer()
        switch (asked, issued) {
        case (.success(let flags), let (token, id)?):
            NegotiateResponse.accepted(
                NegotiatedConnection(
                    identity: flags.contains(.version0)
                        ? .version0(connectionID: id) : .version1(connectionID: id, connectionToken: token),
                    transports: HubTransportType.allCases.filter(transports.contains),
                    useStatefulReconnect: flags.contains(.statefulReconnect),
                    // Connections of version 0 cannot be refreshed.
                    tokenLifetimeSeconds: security.enablesAuthenticationRefresh && !flags.contains(.version0)
                        ? identity.lifetimeSeconds : nil)
            ).write(into: &body)
        case (.failure(let error), _):
            NegotiateResponse.error(error.description).write(into: &body)
        case (.success, nil):
            break
        }
        return body
    }
}
