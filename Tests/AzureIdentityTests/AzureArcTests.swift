import AzureIdentityTesting
import FoundationEssentials
import NIOHTTP1
import Testing

@testable import AzureIdentity

@Suite struct AzureArcTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func source(_ transport: any IdentityTransport, _ identity: ManagedIdentityID) -> AzureArcSource {
        AzureArcSource(
            endpoint: ManagedIdentityEndpoint(transport: transport, identity: identity, options: .test(transport)),
            url: "http://127.0.0.1:40342/metadata/identity/oauth2/token", keyDirectory: folder.path)
    }

    private func agent(_ answer: String) -> ScriptedTransport {
        let challenge = IdentityResponse.json(
            "{}", status: 401, headers: ["WWW-Authenticate": "Basic realm=\(folder.path("a.key"))"])
        return ScriptedTransport { request, _ in
            request.headers["Authorization"] == ["Basic key-1"] ? .json(answer) : challenge
        }
    }

    @Test func showsThatItCanReadTheKey() async throws {
        try folder.write("a.key", "key-1")
        let transport = agent(#"{"access_token":"t1","expires_in":"3600","token_type":"Bearer"}"#)
        let token = try await source(transport, .systemAssigned).token(resource: "https://r", isChained: false)
        #expect(token.token == "t1")
        #expect(transport.requests.map { $0.headers["Metadata"] } == [["true"], ["true"]])
        #expect(transport.requests.last?.query == ["api-version": "2020-06-01", "resource": "https://r"])
    }

    @Test func takesNoTokenOfAnotherIdentity() async throws {
        try folder.write("a.key", "key-1")
        let own = #"{"access_token":"t1","expires_in":3600}"#
        let asked = #"{"access_token":"t1","expires_in":3600,"client_id":"ABC","msi_res_id":"/x"}"#
        for (identity, answer, isTaken) in [
            (ManagedIdentityID.clientID("abc"), asked, true), (.clientID("abc"), own, false),
            (.clientID("other"), asked, false), (.resourceID("/X"), asked, true), (.objectID("o"), asked, false),
        ] {
            let token = try? await source(agent(answer), identity).token(resource: "r", isChained: false)
            #expect((token != nil) == isTaken)
        }
    }

    @Test(arguments: [
        nil, "", "Basic", "Bearer realm=FOLDER/a.key", "Basic realm=/etc/passwd", "Basic realm=FOLDER/../a.key",
        "Basic realm=FOLDER/sub/a.key", "Basic realm=FOLDER/a.txt", "Basic realm=FOLDERa.key",
    ])
    func aFileThatIsNoneOfTheAgentsKeysIsNotRead(challenge: String?) {
        #expect(throws: ArcKeyFile.Failure.self) {
            _ = try ArcKeyFile(challenge: challenge?.replacing("FOLDER", with: folder.path), directory: folder.path)
        }
    }

    @Test func aKeyIsSmall() throws {
        try folder.write("big.key", String(repeating: "k", count: 4097))
        try folder.write("fits.key", String(repeating: "k", count: 4096))
        let challenge = "Basic realm=\(folder.path)/"
        #expect(throws: ArcKeyFile.Failure.self) {
            try ArcKeyFile(challenge: challenge + "big.key", directory: folder.path).read()
        }
        #expect(throws: ArcKeyFile.Failure.self) {
            try ArcKeyFile(challenge: challenge + "none.key", directory: folder.path).read()
        }
        #expect(try ArcKeyFile(challenge: challenge + "fits.key", directory: folder.path).read().count == 4096)
    }

    @Test func anAgentThatDoesNotAskForItsKeyIsNone() async throws {
        let transport = ScriptedTransport(.json(#"{"access_token":"t1","expires_in":3600}"#))
        await #expect(throws: ManagedIdentityFailure.unavailable("did not ask for its key (status 200).")) {
            try await source(transport, .systemAssigned).token(resource: "r", isChained: false)
        }
    }
}
