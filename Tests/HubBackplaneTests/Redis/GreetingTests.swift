import NIOCore
import Testing

@testable import HubBackplaneRedis

@Suite struct GreetingTests {
    private let full = Greeting(
        credentials: RedisCredentials(username: "alice", password: "sesame"), database: 3, name: "hubbub")

    @Test func itAuthenticatesSelectsAndNames() {
        var buffer = ByteBuffer()
        full.encode(into: &buffer)
        var expected = ByteBuffer()
        expected.writeCommand("AUTH", "alice", "sesame")
        expected.writeCommand("SELECT", "3")
        expected.writeCommand("CLIENT", "SETNAME", "hubbub")
        expected.writeCommand("PING")
        #expect(buffer == expected)
    }

    @Test func itLeavesOutWhatIsNotNeeded() {
        var buffer = ByteBuffer()
        Greeting(credentials: nil, database: 0, name: "hubbub").encode(into: &buffer)
        var expected = ByteBuffer()
        expected.writeCommand("CLIENT", "SETNAME", "hubbub")
        expected.writeCommand("PING")
        #expect(buffer == expected)
    }

    @Test func itSucceedsWithTheLastAnswer() {
        var greeting = full
        #expect(greeting.received(.status("OK")) == .wait)
        #expect(greeting.received(.status("OK")) == .wait)
        #expect(greeting.received(.error("NOPERM no names")) == .wait)
        #expect(greeting.received(.status("PONG")) == .succeed)
    }

    @Test(arguments: [
        (
            0, "WRONGPASS invalid username-password pair",
            "the password was refused: WRONGPASS invalid username-password pair"
        ),
        (1, "ERR DB index is out of range", "the database was refused: ERR DB index is out of range"),
        (2, "NOAUTH Authentication required.", "NOAUTH Authentication required."),
        (3, "LOADING Redis is loading the dataset in memory", "LOADING Redis is loading the dataset in memory"),
    ])
    func itFailsWithTheReason(step: Int, reply: String, reason: String) {
        var greeting = full
        for _ in 0..<step {
            #expect(greeting.received(.status("OK")) == .wait)
        }
        #expect(
            greeting.received(.error(reply))
                == .fail(step == 0 ? RedisConnectError(refusal: reply) : RedisConnectError(reason)))
    }
}
