import HubTesting
import Testing

@testable import HubServer

@Suite(.timeLimit(.minutes(1)))
struct AuthorizationTests {
    private static let ada = ClaimsPrincipal(claims: [
        ("sub", "ada"), ("roles", "reader"), ("roles", "moderator"), ("scp", "chat.read chat.write"),
    ])

    @Test func aPrincipalTellsItsClaims() {
        let ada = Self.ada
        #expect(ada.first("SUB") == "ada")
        #expect(ada.first("name") == nil)
        #expect(ada.all("roles") == ["reader", "moderator"])
        #expect(ada.hasClaim("roles", "moderator") && !ada.hasClaim("roles", "Moderator"))
        #expect(ada.isInRole("reader") && !ada.isInRole("admin"))
        #expect(ada.hasScope("chat.write") && !ada.hasScope("chat"))
        #expect(ada.claims.map(\.type) == ["sub", "roles", "roles", "scp"])
    }

    @Test func theNameIdentifierComesBeforeTheSubject() {
        let type = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
        #expect(ClaimsPrincipal(claims: [("sub", "a"), (type, "b")]).nameIdentifier == "b")
        #expect(ClaimsPrincipal(claims: [("sub", "a"), ("nameid", "c")]).nameIdentifier == "c")
        #expect(ClaimsPrincipal(claims: [("sub", "a")]).nameIdentifier == "a")
        #expect(ClaimsPrincipal(claims: [("oid", "a")]).nameIdentifier == nil)
    }

    @Test func policiesLetThroughWhomTheySay() async {
        let policies: [(AuthorizationPolicy, Bool)] = [
            (.authenticatedUser, true), (.role("admin"), false), (.role("admin", "reader"), true),
            (.claim("sub"), true), (.claim("oid"), false), (.claim("sub", "bob", "ada"), true),
            (.claim("sub", "bob"), false), (.scope("chat.read"), true), (.scope("chat.delete"), false),
            (.assertion { $0.user.first("sub") == "ada" && $0.invocation == nil }, true),
            (.role("reader").and(.scope("chat.write")), true), (.role("reader").and(.role("admin")), false),
        ]
        for (policy, isAllowed) in policies {
            #expect(await policy.allows(Self.ada) == isAllowed)
            #expect(await !policy.allows(nil))
        }
    }

    private func hub() -> Hub {
        let hub = Hub()
        hub.on("Delete") { (_, room: String, count: Int?) in "deleted \(room)" }
        hub.on("Count") { (_) in AsyncStream<Int> { $0.finish() } }
        hub.on("Name") { (context) in context.user?.first("sub") ?? "-" }
        hub.requireAuthorization(.role("moderator"), toInvoke: "delete")
        hub.requireAuthorization(
            .assertion { context in
                let room = try? context.invocation?.argument(0, as: String.self)
                return context.invocation?.methodName == "Delete" && room != "lobby"
                    && (try? context.invocation?.argument(5, as: String.self)) == nil
            }, toInvoke: "Delete")
        hub.requireAuthorization(toInvoke: "Count")
        return hub
    }

    private let refusal = "Failed to invoke 'Delete' because user is unauthorized"

    @Test func aMethodIsInvokedByThoseItIsFor() async throws {
        let client = try await HubTestClient.connect(to: hub().mounted(), user: Self.ada)
        #expect(try await client.invoke("Delete", "attic", returning: String.self) == "deleted attic")
        #expect(try await client.invoke("Name", returning: String.self) == "ada")
    }

    @Test func othersAreToldThatTheyAreUnauthorized() async throws {
        let endpoint = hub().mounted()
        let reader = ClaimsPrincipal(claims: [("sub", "bob"), ("roles", "reader")])
        for user in [nil, reader] {
            let client = try await HubTestClient.connect(to: endpoint, user: user)
            await #expect(throws: HubTestError.invocationFailed(refusal)) { try await client.invoke("Delete", "attic") }
        }
    }

    @Test func theArgumentsCount() async throws {
        let client = try await HubTestClient.connect(to: hub().mounted(), user: Self.ada)
        await #expect(throws: HubTestError.invocationFailed(refusal)) { try await client.invoke("Delete", "lobby") }
    }

    @Test func streamsAreRefusedTheSameWay() async throws {
        let wire = try await Wire.connected(hub().mounted())
        try await wire.send("{\"type\":4,\"invocationId\":\"1\",\"target\":\"Count\",\"arguments\":[]}␞")
        let answer = try await wire.messages(1)[0]
        #expect(
            answer
                == "{\"type\":3,\"invocationId\":\"1\",\"error\":\"Failed to invoke 'Count' because user is unauthorized\"}"
        )
    }
}
