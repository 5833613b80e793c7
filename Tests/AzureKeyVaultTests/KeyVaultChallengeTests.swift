import NIOHTTP1
import Testing

@testable import AzureKeyVault

@Suite struct KeyVaultChallengeTests {
    private func parsed(_ text: String) -> KeyVaultChallenge? {
        KeyVaultChallenge(["www-authenticate": text])
    }

    @Test func tenantAndResourceAreRead() throws {
        let text = #"Bearer authorization="https://login.microsoftonline.com/72f0", resource="https://vault.azure.net""#
        let challenge = try #require(parsed(text))
        #expect(challenge.tenantID == "72f0")
        #expect(challenge.claims == nil)
        #expect(challenge.isMeant(for: "contoso.vault.azure.net"))
        #expect(challenge.isMeant(for: "contoso.vault.azure.net:8443"))
        #expect(!challenge.isMeant(for: "contoso.evilvault.azure.net.example"))
        #expect(!challenge.isMeant(for: "evilvault.azure.net"))
    }

    @Test func olderSpellingsAreRead() throws {
        let text = #"Bearer authorization_uri="https://login.windows.net/t1", scope="https://vault.azure.net/.default""#
        let challenge = try #require(parsed(text))
        #expect(challenge.tenantID == "t1")
        #expect(challenge.resource == "https://vault.azure.net")
    }

    @Test func claimsAreDecodedWhereTheyAreInsufficient() throws {
        // {"a":"?>"} in Base64 for URLs, without its padding.
        let text = #"Bearer realm="", error="insufficient_claims", claims="eyJhIjoiPz4ifQ""#
        #expect(parsed(text)?.claims == #"{"a":"?>"}"#)
        #expect(parsed(#"Bearer error="invalid_token", claims="eyJhIjoiPz4ifQ""#)?.claims == nil)
    }

    @Test func otherSchemesAreNone() {
        #expect(parsed("Basic realm=x") == nil)
        #expect(KeyVaultChallenge([:]) == nil)
    }

    @Test(arguments: [#"resource="http://vault.azure.net""#, #"resource="vault.azure.net""#, #"resource="""#])
    func aResourceThatIsNoSecureURLIsMeantForNobody(parameter: String) throws {
        #expect(try #require(parsed("Bearer \(parameter)")).isMeant(for: "contoso.vault.azure.net") == false)
    }
}
