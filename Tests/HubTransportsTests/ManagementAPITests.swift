import HTTPTypes
import HubBackplane
import HubServer
import HubTesting
import HubTransports
import Logging
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(1))) struct ManagementAPITests {
    private static let key = "a key of the tests that is long enough"

    private func close(_ path: String, _ api: ManagementAPI) async throws -> HTTPResponse.Status {
        var request = HTTPRequest(method: .post, scheme: "http", authority: "node", path: "/api/hubs/chat\(path)")
        request.headerFields[.authorization] = "Bearer \(Self.key)"
        return await api.answer(request, body: ByteBuffer()).status
    }

    @Test(arguments: ["", "/groups/room", "/users/ada"])
    func closingTellsWhetherAllNodesWereAsked(address: String) async throws {
        let backplane = FaultyBackplane()
        let server = HubServer(
            backplane: backplane, names: BackplaneNames(app: "tests"), logger: Logger(label: "test"))
        let endpoint = server.mount(Hub(), at: "/chat")
        let api = ManagementAPI(key: ManagementKey(RotatingSecret(Array(Self.key.utf8)))) {
            $0 == "/chat" ? endpoint : nil
        }
        _ = try await HubTestClient.connect(to: endpoint, userID: "ada")
        #expect(try await close("/groups/nobody/:closeConnections", api) == .noContent)
        backplane.setAway(true)
        #expect(try await close("\(address)/:closeConnections", api) == .serviceUnavailable)
        backplane.setAway(false)
        #expect(try await close("\(address)/:closeConnections", api) == .noContent)
    }
}
