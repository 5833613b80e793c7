import HubProtocol
import HubServer
import Testing

struct ConnectionRequestTests {
    private let request = ConnectionRequest(
        path: "/hub", query: [("id", "a=b"), ("Room", "7"), ("room", "8"), ("empty", "")],
        headers: [("User-Agent", "test"), ("X-Ünï", "ö")], transport: .webSockets)

    @Test func namesAreFoundWithoutRegardToCaseAndTheFirstCounts() {
        #expect(request.query("ROOM") == "7")
        #expect(request.query("ID") == "a=b")
        #expect(request.query("empty") == "")
        #expect(request.query("none") == nil)
        #expect(request.header("user-agent") == "test")
        #expect(request.header("id") == nil)
    }

    @Test func fieldsKeepTheirOrder() {
        #expect(request.query.map(\.name) == ["id", "Room", "room", "empty"])
        #expect(request.headers.map(\.value) == ["test", "ö"])
        #expect(ConnectionRequest(path: "/", transport: .longPolling).headers.isEmpty)
    }
}
