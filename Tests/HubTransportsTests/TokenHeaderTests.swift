import HTTPTypes
import Testing

@testable import HubTransports

@Suite struct TokenHeaderTests {
    private func token(_ header: String) -> Substring { "\(Base64URL.encode(Array(header.utf8))).e30.c2ln" }

    @Test func tellsTheAlgorithmAndTheKey() {
        let header = TokenHeader(of: token("{\"alg\":\"RS256\",\"kid\":\"k1\",\"typ\":\"JWT\",\"x\":1e300}"))
        #expect(header?.alg == "RS256")
        #expect(header?.kid == "k1")
    }

    @Test func whatIsNoTokenIsNotRead() {
        for text in ["", ".", "..", "a.b.c", "e30.e30.e30", "nonsense", "\(token("{\"alg\":1}"))"] {
            #expect(TokenHeader(of: Substring(text)) == nil)
        }
        #expect(TokenHeader(of: token("{\"alg\":\"RS256\",\"crit\":[\"exp\"]}")) == nil)
        #expect(TokenHeader(of: token("{\"alg\":\"RS256\"}") + ".more") == nil)
        #expect(TokenHeader(of: token("{\"alg\":\"RS256\"}") + String(repeating: "A", count: 16 * 1024)) == nil)
    }

    @Test func isInTheHeaderOrElseInTheQuery() {
        func token(header: String?, path: String = "/chat?access_token=q.w.e&id=1") -> Substring? {
            var request = HTTPRequest(method: .get, scheme: "http", authority: "h", path: path)
            request.headerFields[.authorization] = header
            return request.bearerToken
        }
        #expect(token(header: "Bearer a.b.c") == "a.b.c")
        #expect(token(header: "bearer  a.b.c") == "a.b.c")
        #expect(token(header: nil) == "q.w.e")
        #expect(token(header: "Basic YTpi") == nil)
        #expect(token(header: "Bearer") == "")
        #expect(token(header: nil, path: "/chat?Access_Token=x%2By") == "x+y")
        #expect(token(header: nil, path: "/chat?acces%73_token=x") == "x")
        #expect(token(header: nil, path: "/chat") == nil)
    }
}
