import FoundationEssentials

/// What Entra says when it gives no token (RFC 6749, section 5.2, and members of its own).
public struct EntraErrorResponse: Sendable, Hashable {
    /// OAuth's word, e.g. `invalid_client`.
    public let error: String
    /// Entra's own numbers, e.g. 7000215 for a wrong secret: `AADSTS7000215`.
    public let errorCodes: [Int]
    /// One line without secrets, as it stands in the error's reason.
    public let errorDescription: String
    /// By these its operators find the request.
    public let correlationID: String?
    /// Of the one request, where ``correlationID`` may be of several.
    public let traceID: String?
    /// What a policy demands of the next request.
    public let claims: String?

    /// Nil when the body is no such answer.
    init?(body: some Collection<UInt8>, redaction: Redaction) {
        guard let members = try? JSONDecoder().decode(Members.self, from: Data(body)) else { return nil }
        error = redaction(members.error.prefix(64))
        errorCodes = Array((members.errorCodes ?? []).prefix(8))
        errorDescription = redaction(members.errorDescription ?? "")
        correlationID = members.correlationID.map { redaction($0.prefix(64)) }
        traceID = members.traceID.map { redaction($0.prefix(64)) }
        claims = members.claims.flatMap { $0.utf8.count <= 16 * 1024 ? $0 : nil }
    }

    private struct Members: Decodable {
        let error: String
        let errorDescription: String?
        let errorCodes: [Int]?
        let correlationID: String?
        let traceID: String?
        let claims: String?

        enum CodingKeys: String, CodingKey {
            case error
            case errorDescription = "error_description"
            case errorCodes = "error_codes"
            case correlationID = "correlation_id"
            case traceID = "trace_id"
            case claims
        }
    }
}
