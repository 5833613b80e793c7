package import AzureIdentity
package import Foundation
import Logging
import NIOCore
package import NIOHTTP1
import Synchronization

/// Answers requests as a test says, and keeps them.
package final class ScriptedTransport: IdentityTransport {
    private let answer: @Sendable (IdentityRequest, Int) async throws -> IdentityResponse
    private let sent = Mutex<[IdentityRequest]>([])

    package var requests: [IdentityRequest] { sent.withLock { $0 } }

    /// - Parameter answer: Called with each request and how many were before it.
    package init(_ answer: @escaping @Sendable (IdentityRequest, Int) async throws -> IdentityResponse) {
        self.answer = answer
    }

    /// The n-th request gets the n-th answer, further ones the last.
    package convenience init(_ answers: IdentityResponse...) {
        self.init { _, index in answers[min(index, answers.count - 1)] }
    }

    /// Nothing is there.
    package static func unreachable() -> ScriptedTransport {
        ScriptedTransport { _, _ in throw TransportFailure.unreachable }
    }

    package func send(_ request: IdentityRequest) async throws -> IdentityResponse {
        let index = sent.withLock {
            $0.append(request)
            return $0.count - 1
        }
        return try await answer(request, index)
    }
}

extension IdentityResponse {
    package static func json(_ text: String, status: Int = 200, headers: HTTPHeaders = [:]) -> IdentityResponse {
        IdentityResponse(status: status, headers: headers, body: ByteBuffer(string: text))
    }

    package static func token(_ token: String = "t1", expiresIn: Int = 3600) -> IdentityResponse {
        .json(#"{"token_type":"Bearer","expires_in":\#(expiresIn),"access_token":"\#(token)"}"#)
    }
}

extension IdentityRequest {
    package var formFields: [String: String] {
        Dictionary((form ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// The URL up to its query.
    package var endpoint: String { String(url.prefix { $0 != "?" }) }

    package var query: [String: String] {
        let pairs = url.drop { $0 != "?" }.dropFirst().split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), String(parts[1]).removingPercentEncoding ?? "")
        }
        return Dictionary(pairs, uniquingKeysWith: { $1 })
    }
}

/// A clock that stands still but for those who sleep by it.
package final class ManualTime: Sendable {
    private let state = Mutex((now: Date(timeIntervalSince1970: 1_800_000_000), slept: [Duration]()))

    package init() {}

    package var now: Date { state.withLock { $0.now } }
    package var slept: [Duration] { state.withLock { $0.slept } }

    package var clock: IdentityClock {
        IdentityClock(
            now: { self.now },
            sleep: { duration in
                self.state.withLock {
                    $0.slept.append(duration)
                    $0.now += TimeInterval(duration.components.seconds)
                }
            })
    }

    package func advance(by seconds: TimeInterval) {
        state.withLock { $0.now += seconds }
    }
}

extension TokenCredentialOptions {
    package static func test(
        _ transport: any IdentityTransport, environment: [String: String] = [:], time: ManualTime = ManualTime()
    ) -> TokenCredentialOptions {
        var options = TokenCredentialOptions(environment: environment)
        options.transport = transport
        options.clock = time.clock
        options.logger.logLevel = .critical
        return options
    }
}

package let scope = "https://cognitiveservices.azure.com/.default"
