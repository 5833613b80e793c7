import NIOCore
import NIOHTTP1

/// Sends requests for tokens.
protocol IdentityTransport: Sendable {
    /// - Throws: ``TransportFailure``, or `CancellationError`.
    func send(_ request: IdentityRequest) async throws -> IdentityResponse
}

/// A request for a token.
struct IdentityRequest: Sendable {
    var method: HTTPMethod = .GET
    var url: String
    var headers: HTTPHeaders = ["accept": "application/json"]
    /// Sent as `application/x-www-form-urlencoded`.
    var form: [(name: String, value: String)]?
    var timeout: Duration

    /// Bytes of an answer that are read.
    static let maximumAnswer = 256 * 1024
}

extension IdentityRequest {
    static func get(_ endpoint: String, query: [(name: String, value: String)], timeout: Duration) -> IdentityRequest {
        let separator = endpoint.contains("?") ? "&" : "?"
        return IdentityRequest(url: endpoint + separator + query.formEncoded, timeout: timeout)
    }
}

struct IdentityResponse: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: ByteBuffer

    var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why there is no answer. Says nothing of the URL, which may hold an identity's name.
enum TransportFailure: Error, Hashable, CustomStringConvertible {
    case badURL
    case unreachable
    case timeout
    case connectionLost
    case answerTooLong
    case untrustedCertificate

    var description: String {
        switch self {
        case .badURL: "its endpoint is not a URL that requests can be made to"
        case .unreachable: "its endpoint cannot be reached"
        case .timeout: "its endpoint did not answer in time"
        case .connectionLost: "the connection to its endpoint was lost"
        case .answerTooLong: "its endpoint answered more than a token needs"
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
    var formEncoded: String {
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
