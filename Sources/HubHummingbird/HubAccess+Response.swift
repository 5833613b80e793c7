import HTTPTypes
import HubProtocol
import HubServer
import HubTransports
import Hummingbird
import NIOCore
import NIOPosix

/// What the routes of a hub answer.
extension HubAccess {
    func negotiateResponse(to request: Request) async -> Response {
        switch request.method {
        case .post:
            do {
                let identity = try await identify(request)
                let body = try await negotiate(
                    request.head, identity: identity, peer: ClientWatch.current?.remoteAddress)
                return Response(
                    status: .ok,
                    headers: origins.headers(for: request.head, adding: [.contentType: "application/json"]),
                    body: ResponseBody(byteBuffer: body))
            } catch {
                return response(to: request, refusing: error)
            }
        case .options:
            return preflightResponse(to: request, allowing: [.post, .options])
        default:
            return response(to: request, refusing: .allowsOnly([.post, .options]))
        }
    }

    func refreshResponse(to request: Request) async -> Response {
        switch request.method {
        case .post:
            let answer = await refresh(request.head, peer: ClientWatch.current?.remoteAddress)
            var body = ByteBuffer()
            answer.body.write(into: &body)
            return Response(
                status: answer.status, headers: origins.headers(for: request.head, adding: answer.headers),
                body: ResponseBody(byteBuffer: body))
        case .options:
            return preflightResponse(to: request, allowing: [.post, .options])
        default:
            return response(to: request, refusing: .allowsOnly([.post, .options]))
        }
    }

    /// Everything that is not an accepted WebSocket upgrade.
    func response(to request: Request, maximumPostSize: Int) async -> Response {
        if let refusal = RefusedUpgrade.current?.take() {
            var response = response(to: request, refusing: refusal)
            // NIO's decoder reads nothing after a request that asked for an upgrade.
            response.headers[.connection] = "close"
            return response
        }
        do throws(HubRefusal) {
            switch request.method {
            case .get: return try await getResponse(to: request, from: try await identify(request))
            case .post:
                let identity = try await identify(request)
                return try await postResponse(to: request, from: identity, maximumSize: maximumPostSize)
            case .delete: return try await deleteResponse(to: request, from: try await identify(request))
            case .options: return preflightResponse(to: request, allowing: [.get, .post, .delete, .options])
            default: throw .allowsOnly([.get, .post, .delete, .options])
            }
        } catch {
            return response(to: request, refusing: error)
        }
    }

    private func getResponse(to request: Request, from identity: HubIdentity) async throws(HubRefusal) -> Response {
        switch Self.transport(askedBy: request.head) {
        case .serverSentEvents: try await eventStreamResponse(to: request, from: identity)
        case .webSockets: notUpgradableResponse(to: request)
        case .longPolling: try await pollResponse(to: request, from: identity)
        }
    }

    private func eventStreamResponse(
        to request: Request, from identity: HubIdentity
    ) async throws(HubRefusal) -> Response {
        let watch = ClientWatch.current
        let target = try await target(of: request, from: identity)
        let stream = try await openEventStream(request.head, target, on: Self.eventLoop)
        watch?.limitWriteBuffers()
        watch?.onClientLeft { [weak stream] in stream?.ended() }
        let connection = ReusedConnection.current.flatMap { $0.leavesEventStreams ? $0 : nil }
        var headers = origins.headers(for: request.head, adding: EventStreamResponse.headers)
        if connection != nil { headers[.connection] = "close" }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                if let connection { try await connection.leave(to: stream) }
                defer { stream.ended() }
                while let events = try await stream.next() { try await writer.write(events) }
                try await writer.finish(nil)
            })
    }

    private func pollResponse(to request: Request, from identity: HubIdentity) async throws(HubRefusal) -> Response {
        let watch = ClientWatch.current
        let target = try await target(of: request, from: identity)
        let poll = try await poll(
            request.head, target, on: Self.eventLoop,
            onClientLeft: { watch?.onClientLeft($0) })
        // From here on it counts whether the response can be written: a client that has read it all may leave before this
        // hears that it was written.
        watch?.onClientLeft(nil)
        if let watch, !watch.hasLeft {
            watch.onResponse(poll.finished)
        } else {
            // A server of someone else's does not tell what becomes of a response.
            poll.finished(delivered: watch == nil)
        }
        return Response(
            status: poll.status, headers: origins.headers(for: request.head, adding: poll.headers),
            body: poll.status == .noContent ? ResponseBody() : ResponseBody(byteBuffer: poll.body))
    }

    private func postResponse(
        to request: Request, from identity: HubIdentity, maximumSize: Int
    ) async throws(HubRefusal) -> Response {
        let target = try await target(of: request, from: identity)
        let watch = ClientWatch.current
        let size = request.headers[.contentLength].flatMap { Int($0) }
        let body = PostBody(
            size: size, maximumSize: maximumSize, onClientLeft: { watch?.onClientLeft($0) },
            read: { deadline throws(HubRefusal) in
                watch?.closes(at: deadline)
                defer { watch?.closes(at: nil) }
                return try await read(request.body, size: size, maximumSize: maximumSize)
            })
        try await send(body, to: target, on: Self.eventLoop)
        return textResponse(to: request, status: .ok)
    }

    private func target(of request: Request, from identity: HubIdentity) async throws(HubRefusal) -> Target {
        try await target(of: request.head, identity: identity, peer: ClientWatch.current?.remoteAddress)
    }

    private func identify(_ request: Request) async throws(HubRefusal) -> HubIdentity {
        try await identify(request.head, peer: ClientWatch.current?.remoteAddress)
    }

    private func read(_ body: RequestBody, size: Int?, maximumSize: Int) async throws(HubRefusal) -> ByteBuffer {
        var bytes = ByteBuffer()
        do {
            for try await part in body {
                guard bytes.readableBytes + part.readableBytes <= maximumSize else { throw HubRefusal.bodyTooLarge }
                if bytes.readableBytes == 0, part.readableBytes == size { return part }
                // Once: a buffer that grows has twice what it needs.
                if let size { bytes.reserveCapacity(size) }
                bytes.writeImmutableBuffer(part)
            }
            return bytes
        } catch let refusal as HubRefusal {
            throw refusal
        } catch {
            throw .bodyUnreadable
        }
    }

    private func deleteResponse(to request: Request, from identity: HubIdentity) async throws(HubRefusal) -> Response {
        try await terminate(try await target(of: request, from: identity), on: Self.eventLoop)
        return textResponse(to: request, status: .accepted)
    }

    /// The server is not one that opens the WebSockets of hubs, or the request has a body.
    private func notUpgradableResponse(to request: Request) -> Response {
        var response = response(to: request, refusing: .notUpgradable)
        response.headers[.connection] = "close"
        return response
    }

    private func response(to request: Request, refusing refusal: HubRefusal) -> Response {
        Response(
            status: refusal.status, headers: headers(of: refusal, to: request.head),
            body: ResponseBody(byteBuffer: ByteBuffer(string: refusal.text)))
    }

    /// A refusal is counted as it is told.
    func headers(of refusal: HubRefusal, to request: HTTPRequest) -> HTTPFields {
        refusals.count(refusal)
        var headers = origins.headers(for: request, adding: [.contentType: "text/plain"])
        switch refusal.status {
        case .upgradeRequired: headers[.secWebSocketVersion] = "13"
        case .unauthorized: headers[.wwwAuthenticate] = "Bearer"
        case .methodNotAllowed: headers[.allow] = Self.list(refusal.allowed)
        default: break
        }
        if let seconds = refusal.retryAfter { headers[.retryAfter] = "\(seconds)" }
        if refusal.text.isEmpty { headers[.contentType] = nil }
        return headers
    }

    private func textResponse(to request: Request, status: HTTPResponse.Status) -> Response {
        Response(status: status, headers: origins.headers(for: request.head, adding: [.contentType: "text/plain"]))
    }

    /// What `OPTIONS` asks for, be it a browser's preflight or not (RFC 9110, section 9.3.7).
    private func preflightResponse(to request: Request, allowing methods: [HTTPRequest.Method]) -> Response {
        var headers = origins.preflightHeaders(for: request.head)
        headers[.allow] = Self.list(methods)
        return Response(status: .noContent, headers: headers)
    }

    private static func list(_ methods: [HTTPRequest.Method]) -> String {
        methods.map(\.rawValue).joined(separator: ", ")
    }

    /// That of the request's channel, where it is known.
    private static var eventLoop: any EventLoop {
        ClientWatch.current?.eventLoop ?? NIOSingletons.posixEventLoopGroup.any()
    }
}

extension AllowedOrigins {
    func headers(for request: HTTPRequest, adding headers: HTTPFields) -> HTTPFields {
        headers + self.headers(for: request)
    }
}
