import HTTPTypes
import HubServer
import HubTransports
import Logging

/// The keys that an issuer of tokens publishes.
struct KeySetCheck {
    /// `{"alg":"RS256","typ":"JWT","kid":"check"}`, and nothing that it would say.
    private static let token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImNoZWNrIn0.e30.AA"

    let configuration: AuthenticationConfiguration
    let log: CheckLog

    func run(_ findings: inout CheckFindings) async {
        guard let options = configuration.bearer else {
            return findings.add(.ok, "authentication", "tokens of clients are not looked at")
        }
        do {
            let authenticator = try JWTBearerAuthenticator(options, logger: log.logger)
            guard let url = options.keySetURL else {
                return findings.add(.ok, "authentication", "the keys can be used")
            }
            // It is signed by nobody, so the keys are read and found to be another one's.
            var request = HTTPRequest(method: .post, scheme: "http", authority: "check", path: "/")
            request.headerFields[.authorization] = "Bearer \(Self.token)"
            if case .unavailable = await authenticator.authenticate(request) {
                findings.add(.failed, "authentication", "\(url): \(log.lastProblem ?? "the keys cannot be read")")
            } else {
                findings.add(.ok, "authentication", "the keys at \(url) can be read")
            }
        } catch {
            findings.add(.failed, "authentication", "\(error)")
        }
    }
}
