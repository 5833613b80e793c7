import Testing

@testable import AzureIdentity

@Suite struct RedactionTests {
    @Test(arguments: [
        ("a\r\n\tb  c", "a b c"), ("key=hush, again hush", "key=***, again ***"),
        ("token eyJhbGciOi.eyJzdWIi.c2ln-_ end", "token *** end"), ("eyJhbGci", "***"),
        (#"{"accessToken": "abc", "x": 1}"#, #"{"accessToken": "***", "x": 1}"#),
        (#"{"token":"abc"#, #"{"token": "***""#), ("bell\u{7}", "bell"),
    ])
    func leavesNoSecretAndOneLine(text: String, shown: String) {
        #expect(Redaction(secrets: ["hush", ""])(text) == shown)
    }

    @Test func showsNoHalfOfASecretAtACut() {
        for padding in [Redaction.maximumLength - 2, 8 * Redaction.maximumLength - 2] {
            let text = String(repeating: " ", count: padding - 1) + "ahush"
            #expect(!Redaction(secrets: ["hush"])(text).contains("hu"))
        }
    }

    @Test func isNotLong() {
        let shown = Redaction()(String(repeating: "word ", count: 100_000))
        #expect(shown.count == Redaction.maximumLength + 1)
    }
}
