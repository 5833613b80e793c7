import Crypto
import Foundation

/// The tokens that `/generateJwtToken` hands out and the authorized hub believes.
enum Token {
    static let secret = Array("the tests of clients sign with this".utf8)

    /// A token of the user `testuser` that lives for five seconds.
    static func make() -> String {
        let expiry = Int(Date().timeIntervalSince1970) + 5
        let claims = """
            {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier":"testuser","exp":\(expiry),\
            "iss":"SignalRTestServer","aud":"SignalRTests"}
            """
        let signed = base64URL(Data(#"{"alg":"HS256","typ":"JWT"}"#.utf8)) + "." + base64URL(Data(claims.utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: SymmetricKey(data: secret))
        return signed + "." + base64URL(Data(code))
    }

    private static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }
}
