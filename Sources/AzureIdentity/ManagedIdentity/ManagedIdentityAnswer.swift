import FoundationEssentials

/// What the sources of managed identities answer, in all their spellings.
struct ManagedIdentityAnswer: Decodable {
    let accessToken: String?
    private let tokenType: String?
    private let expiresIn: LenientNumber?
    private let expiresOn: ExpiryTime?
    private let refreshIn: LenientNumber?
    let clientID: String?
    let objectID: String?
    let resourceID: String?
    private let words: [String]

    private enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case tokenType = "token_type"
        case expiresIn = "expires_in"
        case expiresOn = "expires_on"
        case refreshIn = "refresh_in"
        case clientID = "client_id"
        case objectID = "object_id"
        case resourceID = "msi_res_id"
        case resourceIDOfAppService = "mi_res_id"
        case error
        case errorDescription = "error_description"
        case code
        case message
        case statusCode
        case errorCode = "ErrorCode"
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        func text(_ key: CodingKeys) -> String? {
            (try? members.decode(String.self, forKey: key)).flatMap { $0.isEmpty ? nil : $0 }
        }
        accessToken = text(.accessToken)
        tokenType = text(.tokenType)
        expiresIn = try? members.decode(LenientNumber.self, forKey: .expiresIn)
        expiresOn = try? members.decode(ExpiryTime.self, forKey: .expiresOn)
        refreshIn = try? members.decode(LenientNumber.self, forKey: .refreshIn)
        clientID = text(.clientID)
        objectID = text(.objectID)
        resourceID = text(.resourceID) ?? text(.resourceIDOfAppService)
        // Service Fabric's error is an object, that of IMDS a word; App Service has a message alone.
        let inner = try? members.nestedContainer(keyedBy: CodingKeys.self, forKey: .error)
        words =
            [text(.error), text(.errorCode), text(.errorDescription), text(.message)].compactMap { $0 }
            + [CodingKeys.code, .message].compactMap { try? inner?.decode(String.self, forKey: $0) }
    }

    /// Nil when the body is not a JSON object.
    init?(body: some Collection<UInt8>) {
        guard let answer = try? JSONDecoder().decode(ManagedIdentityAnswer.self, from: Data(body)) else { return nil }
        self = answer
    }

    /// What the source says is wrong.
    func problem(_ redaction: Redaction) -> String {
        words.isEmpty ? "it does not say why." : redaction(words.joined(separator: ": "))
    }

    /// Nil when it does not say until when the token is valid.
    func token(_ text: String, now: Date) -> AccessToken? {
        guard text.isBearerToken, let end = expiresOn?.date ?? expiresIn.map({ now + $0.value }) else { return nil }
        let lifetime = expiresIn?.value ?? end.timeIntervalSince(now)
        // Azure renews the tokens of an identity in the second half of their time (a day, mostly).
        let refresh = refreshIn?.value ?? (lifetime >= 7200 ? lifetime / 2 : nil)
        return AccessToken(
            token: text, expiresOn: end, refreshOn: refresh.map { now + $0 }, tokenType: tokenType ?? "Bearer")
    }
}

/// `expires_on`: seconds since 1970, as a number or a string; of App Service's 2017 interface a date in UTC, with
/// (`1/16/2026 5:24:12 AM +00:00`) or without (`06/20/2026 02:57:58 +00:00`) AM and PM.
private struct ExpiryTime: Decodable {
    let date: Date

    init(from decoder: any Decoder) throws {
        if let seconds = try? LenientNumber(from: decoder) {
            date = Date(timeIntervalSince1970: seconds.value)
            return
        }
        let container = try decoder.singleValueContainer()
        guard let time = CivilTime(slashed: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a time")
        }
        date = time.inUTC
    }
}
