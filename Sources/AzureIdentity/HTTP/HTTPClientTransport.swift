import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// Requests over AsyncHTTPClient. Redirects are not followed, so that no secret leaves the configured endpoint, and no proxy of
/// the environment is used, as IMDS demands.
///
/// Its connections end with the last credential that uses it.
final class HTTPClientTransport: IdentityTransport {
    private let client: HTTPClient

    init(tlsConfiguration: TLSConfiguration) {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tlsConfiguration, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5)), connectionPool: .init(idleTimeout: .seconds(10)))
        configuration.httpVersion = .http1Only
        // Attempts are counted by RetrySchedule.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit {
        // An HTTPClient must be shut down before it goes; the task keeps it until it is.
        Task { [client] in try? await client.shutdown() }
    }

    func send(_ request: IdentityRequest) async throws -> IdentityResponse {
        guard ["http://", "https://"].contains(where: request.url.lowercased().hasPrefix) else {
            throw TransportFailure.badURL
        }
        var clientRequest = HTTPClientRequest(url: request.url)
        clientRequest.method = request.method
        clientRequest.headers = request.headers
        if let form = request.form {
            clientRequest.headers.replaceOrAdd(name: "content-type", value: "application/x-www-form-urlencoded")
            clientRequest.body = .bytes(ByteBuffer(string: form.formEncoded))
        }
        do {
            let response = try await client.execute(clientRequest, timeout: TimeAmount(request.timeout))
            return IdentityResponse(
                status: Int(response.status.code), headers: response.headers,
                body: try await response.body.collect(upTo: IdentityRequest.maximumAnswer))
        } catch {
            try Task.checkCancellation()
            throw TransportFailure(error)
        }
    }
}

extension TransportFailure {
    fileprivate init(_ error: any Error) {
        switch error {
        case is NIOTooManyBytesError: self = .answerTooLong
        case is NIOSSLError, is BoringSSLError: self = .untrustedCertificate
        case let error as HTTPClientError:
            self =
                switch error {
                case .invalidURL, .emptyScheme, .emptyHost: .badURL
                case .deadlineExceeded, .readTimeout: .timeout
                case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout: .unreachable
                case .remoteConnectionClosed: .connectionLost
                default: .unreachable
                }
        default: self = .unreachable
        }
    }
}
