package import NIOCore
package import NIOHTTP1

/// Sends requests for tokens, and with them.
package protocol IdentityTransport: Sendable {
    /// - Throws: ``TransportFailure``, or `CancellationError`.
    func send(_ request: IdentityRequest) async throws -> IdentityResponse
}

/// A request for a token, or for what a token opens.
package struct IdentityRequest: Sendable {
    package var method: HTTPMethod
    package var url: String
    package var headers: HTTPHeaders = ["accept": "application/json"]
    /// Sent as `application/x-www-form-urlencoded`.
    package var form: [(name: String, value: String)]?
    package var timeout: Duration

    package init(method: HTTPMethod = .GET, url: String, timeout: Duration) {
        self.method = method
        self.url = url
        self.timeout = timeout
    }

    /// Bytes of an answer that are read.
    static let maximumAnswer = 256 * 1024
}

extension IdentityRequest {
    static func get(_ endpoint: String, query: [(name: String, value: String)], timeout: Duration) -> IdentityRequest {
        let separator = endpoint.contains("?") ? "&" : "?"
        return IdentityRequest(url: endpoint + separator + query.formEncoded, timeout: timeout)
    }
}

package struct IdentityResponse: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: ByteBuffer

    package init(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why there is no answer. Says nothing of the URL, which may hold an identity's name.
package enum TransportFailure: Error, Hashable, CustomStringConvertible {
    case badURL
    case unreachable
    case timeout
    case connectionLost
    case answerTooLong
    case untrustedCertificate

    package var description: String {
        switch self {
        case .badURL: "its endpoint is not a URL that requests can be made to"
        case .unreachable: "its endpoint cannot be reached"
        case .timeout: "its endpoint did not answer in time"
        case .connectionLost: "the connection to its endpoint was lost"
        case .answerTooLong: "its endpoint answered more than it should"
        case .untrustedCertificate: "the certificate of its endpoint is not trusted"
        }
    }

    var mayRetry: Bool {
        switch self {
        case .unreachable, .timeout, .connectionLost: true
        case .badURL, .answerTooLong, .untrustedCertificate: false
        }
    }
}

extension Sequence<(name: String, value: String)> {
    /// `name=value&…`, everything but RFC 3986's unreserved characters percent-encoded.
    package var formEncoded: String {
        map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }.joined(separator: "&")
    }
}

extension String {
    var percentEncoded: String {
        let hexadecimal = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in utf8 {
            if byte.isASCIILetterOrDigit || "-._~".utf8.contains(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
