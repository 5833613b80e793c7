import HTTPTypes
import HubServer
import Testing

@testable import HubTransports

@Suite struct ManagementRouteTests {
    private func route(_ method: HTTPRequest.Method, _ path: String) throws -> ManagementRoute {
        try ManagementRoute(method, path: path)
    }

    private func unknown(_ method: HTTPRequest.Method, _ path: String) -> ManagementRoute.Unknown? {
        do {
            _ = try ManagementRoute(method, path: path)
            return nil
        } catch {
            return error
        }
    }

    static let routes: [(HTTPRequest.Method, String, ManagementRoute.Operation)] = [
        (.post, ":send", .send(.all)), (.post, ":closeConnections", .close(.all)),
        (.head, "connections/c1", .find(.connection("c1"))), (.delete, "connections/c1", .closeOne(.connection("c1"))),
        (.post, "connections/c1/:send", .send(.connection("c1"))),
        (.delete, "connections/c1/groups", .removeFromAllGroups(.connection("c1"))),
        (.head, "groups/g%2F1", .find(.group("g/1"))), (.post, "groups/a+b/:send", .send(.group("a+b"))),
        (.post, "groups/g/:closeConnections", .close(.group("g"))),
        (.put, "groups/g/connections/c1", .add(.connection("c1"), toGroup: "g")),
        (.delete, "groups/g/connections/c1", .remove(.connection("c1"), fromGroup: "g")),
        (.get, "users/ada%40x", .find(.user("ada@x"))), (.post, "users/ada/:send", .send(.user("ada"))),
        (.post, "users/ada/:closeConnections", .close(.user("ada"))),
        (.delete, "users/ada/groups", .user("ada", .removeFromAllGroups)),
        (.head, "users/ada/groups/g", .user("ada", .find(inGroup: "g"))),
        (.put, "users/ada/groups/g", .user("ada", .add(toGroup: "g"))),
        (.delete, "users/ada/groups/g", .user("ada", .remove(fromGroup: "g"))),
        (.post, "streams", .openStream), (.get, "streams/s1", .stream("s1", .find)),
        (.head, "streams/s1", .stream("s1", .find)), (.post, "streams/s1/:append", .stream("s1", .append)),
        (.post, "streams/s1/:end", .stream("s1", .end)), (.post, "streams/s1/:stop", .stream("s1", .stop)),
    ]

    @Test(arguments: routes) func pathsAreThoseOfAzureSignalR(
        method: HTTPRequest.Method, path: String, operation: ManagementRoute.Operation
    ) throws {
        #expect(try route(method, "/api/hubs/chat/\(path)") == .hub("chat", operation))
        guard case .method(let methods) = unknown(.patch, "/api/hubs/chat/\(path)") else {
            return #expect(Bool(false), "it takes any method")
        }
        #expect(methods.contains(method))
        for other in methods { #expect(unknown(other, "/api/hubs/chat/\(path)") == nil) }
        #expect(unknown(method, "/api/hubs/chat/\(path)/more/than/that") == .path)
    }

    @Test func hubsAreNamedByTheirPaths() throws {
        #expect(try route(.post, "/api/hubs/a%2Fb/:send") == .hub("a/b", .send(.all)))
        #expect(try route(.head, "/api/health") == .health)
        #expect(try route(.get, "/api/openapi.json") == .openAPI)
    }

    @Test(arguments: [
        "", "/", "/api", "/api/", "/api/hubs", "/api/hubs/", "/api/hubs/chat", "/api/hubs/chat/", "/api/hubs//:send",
        "/api/hubs/chat/connections", "/api/hubs/chat/connections/", "/api/hubs/chat/users//:send",
        "/api/hubs/chat/streams/s1/:send", "/api/hubs/chat/streams/",
        "/other/hubs/chat/:send",
    ]) func otherPathsAreUnknown(path: String) {
        #expect(unknown(.post, path) == .path)
    }

    @Test func namesHaveALength() throws {
        let longest = String(repeating: "x", count: 1024)
        #expect(try route(.head, "/api/hubs/chat/groups/\(longest)") == .hub("chat", .find(.group(longest))))
        #expect(unknown(.head, "/api/hubs/chat/groups/\(longest)x") == .name)
        #expect(unknown(.post, "/api/hubs/chat/users/\(longest)x/:send") == .name)
    }

    @Test func theKeyIsShownInOneOfTwoHeaders() async throws {
        let key = ManagementKey(RotatingSecret(Array("a key that nobody guesses".utf8)))
        var request = HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/api/health")
        #expect(await !key.admits(request))
        for (name, value, isAdmitted) in [
            ("Authorization", "Bearer a key that nobody guesses", true), ("Authorization", "Bearer a key", false),
            ("Authorization", "a key that nobody guesses", false), ("Authorization", "Bearer ", false),
            ("api-key", "a key that nobody guesses", true), ("api-key", "", false),
        ] {
            request.headerFields = [try #require(HTTPField.Name(name)): value]
            #expect(await key.admits(request) == isAdmitted)
        }
        request.headerFields = [:]
        request.path = "/api/health?access_token=a%20key%20that%20nobody%20guesses"
        #expect(await !key.admits(request), "a query may be logged")
    }

    @Test func aKeyThatIsReplacedCountsAsLongAsBothDo() async throws {
        let secret = RotatingSecret(Array("the first key".utf8))
        let key = ManagementKey(secret)
        func admits(_ text: String) async throws -> Bool {
            var request = HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/api/health")
            request.headerFields = [try #require(HTTPField.Name("api-key")): text]
            return await key.admits(request)
        }
        secret.replace(with: [Array("the second key".utf8), Array("the first key".utf8)])
        #expect(try await admits("the first key"))
        #expect(try await admits("the second key"))
        secret.replace(with: [Array("the second key".utf8)])
        #expect(try await !admits("the first key"))
        secret.onUnknownValue { secret.replace(with: [Array("the third key".utf8), Array("the second key".utf8)]) }
        #expect(try await admits("the third key"), "it is looked for")
        #expect(try await !admits("the fourth key"))
    }
}
