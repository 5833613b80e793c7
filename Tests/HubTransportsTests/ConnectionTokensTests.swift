import HubBackplane
import HubServer
import HubTesting
import Logging
import NIOCore
import Testing

@testable import HubTransports

@Suite struct ConnectionTokensTests {
    private let logger = Logger(label: "test")
    private let chat = ConnectionToken.Audience(path: "/chat", userID: nil)

    private func tokens(
        on backplane: some Backplane = InMemoryBackplane(), secret: RotatingSecret? = nil,
        lifetime: Duration = .seconds(15)
    ) -> ConnectionTokens {
        ConnectionTokens(
            backplane: backplane, time: ClusterTime(backplane: backplane), names: BackplaneNames(app: "test"),
            secret: secret, lifetime: lifetime, logger: logger
        )
    }

    @Test func aTokenGivesItsConnectionIDBack() async throws {
        let tokens = tokens()
        let (token, id) = await tokens.issue([], for: chat)
        #expect(await tokens.read(token, for: chat) == .usable(id: id))
        #expect(id.utf8.count == 22)
        #expect(id != token)
        #expect(token.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    }

    @Test func idsDiffer() async throws {
        let tokens = tokens()
        var ids: Set<String> = []
        for _ in 0..<1000 { ids.insert(await tokens.issue([], for: chat).id) }
        #expect(ids.count == 1000)
    }

    @Test func inVersion0TheTokenIsTheID() async throws {
        let tokens = tokens()
        let (token, id) = await tokens.issue(.version0, for: chat)
        #expect(token == id)
        #expect(await tokens.read(token, for: chat) == .usable(id: token))
    }

    @Test func aTokenSaysThatItsClientMayGoOnOverAnotherSocket() async throws {
        let tokens = tokens()
        let (token, id) = await tokens.issue(.statefulReconnect, for: chat)
        #expect(await tokens.read(token, for: chat) == .usable(id: id, usesStatefulReconnect: true))
        #expect(id.utf8.count == 22)
    }

    @Test func aTokenIsForOneHubAndOneUser() async throws {
        let tokens = tokens()
        let alice = ConnectionToken.Audience(path: "/chat", userID: "alice")
        let (token, _) = await tokens.issue([], for: alice)
        #expect(await tokens.read(token, for: chat) == .unknown)
        #expect(await tokens.read(token, for: ConnectionToken.Audience(path: "/other", userID: "alice")) == .unknown)
        #expect(await tokens.read(token, for: ConnectionToken.Audience(path: "/chat", userID: "bob")) == .unknown)
        #expect(await tokens.read(token, for: alice) != .unknown)
    }

    @Test func noByteOfATokenCanBeChanged() async throws {
        let tokens = tokens()
        let (token, _) = await tokens.issue([], for: chat)
        let bytes = try #require(Base64URL.decode(token))
        for index in bytes.indices {
            var forged = bytes
            forged[index] ^= 1
            #expect(await tokens.read(Base64URL.encode(forged), for: chat) == .unknown, "byte \(index)")
        }
    }

    @Test(arguments: ["", "x", "%%%", String(repeating: "A", count: 62), String(repeating: "A", count: 100_000), "ä"])
    func whatIsNoTokenIsUnknown(string: String) async {
        #expect(await tokens().read(string, for: chat) == .unknown)
    }

    @Test func aTokenOutlivesItsUse() async throws {
        let tokens = tokens(lifetime: .milliseconds(-1))
        let (token, id) = await tokens.issue([], for: chat)
        #expect(await tokens.read(token, for: chat) == .expired(id: id))
    }

    @Test func nodesThatShareABackplaneAcceptEachOthersTokens() async throws {
        let backplane = InMemoryBackplane()
        let (first, second) = (tokens(on: backplane), tokens(on: backplane))
        let (a, idA) = await first.issue([], for: chat)
        #expect(await second.read(a, for: chat) == .usable(id: idA), "read before it ever issued one")
        let (b, idB) = await second.issue([], for: chat)
        #expect(await first.read(b, for: chat) == .usable(id: idB))
    }

    @Test func nodesThatShareNothingDoNot() async throws {
        let (a, _) = await tokens().issue([], for: chat)
        #expect(await tokens().read(a, for: chat) == .unknown)
    }

    @Test func nodesWithOneConfiguredSecretNeedNoBackplane() async throws {
        let (a, id) = await tokens(secret: RotatingSecret([1, 2, 3])).issue([], for: chat)
        #expect(await tokens(secret: RotatingSecret([1, 2, 3])).read(a, for: chat) == .usable(id: id))
        #expect(await tokens(secret: RotatingSecret([1, 2, 4])).read(a, for: chat) == .unknown)
    }

    /// The vault has a new secret, and one node has read it before the other.
    @Test func aSecretThatIsReplacedMakesNoNodeRefuseTheOther() async throws {
        let (first, second): ([UInt8], [UInt8]) = ([1, 2, 3], [4, 5, 6])
        let (lateSecret, earlySecret) = (RotatingSecret(first), RotatingSecret(first))
        lateSecret.onUnknownValue { lateSecret.replace(with: [second, first]) }
        let (early, late) = (tokens(secret: earlySecret), tokens(secret: lateSecret))
        let (before, id) = await early.issue([], for: chat)
        earlySecret.replace(with: [second, first])
        earlySecret.replace(with: [second])
        let (after, afterID) = await early.issue([], for: chat)
        #expect(await late.read(after, for: chat) == .usable(id: afterID))
        let (lateToken, lateID) = await late.issue([], for: chat)
        #expect(await tokens(secret: RotatingSecret(second)).read(lateToken, for: chat) == .usable(id: lateID))
        #expect(await early.read(before, for: chat) == .usable(id: id), "its client may still be connected")
    }

    @Test func aNodeAdoptsTheClustersSecretAndStillAcceptsWhatItSigned() async throws {
        let backplane = InMemoryBackplane()
        let names = BackplaneNames(app: "test")
        let early = tokens(on: backplane)
        let (before, id) = await early.issue([], for: chat)
        _ = try await backplane.set(
            names.clusterSecret, to: ByteBuffer(string: "another"), timeToLive: .seconds(60), onlyIfAbsent: false)
        let late = tokens(on: backplane)
        let (after, lateID) = await late.issue([], for: chat)
        try await Task.sleep(for: .seconds(1.1))
        #expect(await early.read(after, for: chat) == .usable(id: lateID))
        #expect(await early.read(before, for: chat) == .usable(id: id))
    }

    /// Redis has lost the secret, and a node that came meanwhile has brought another one.
    @Test(.timeLimit(.minutes(1))) func nodesAgreeAgainWhenTheyReconnect() async throws {
        let base = InMemoryBackplane()
        let name = BackplaneNames(app: "test").clusterSecret
        let backplane = FaultyBackplane(base: base)
        let early = tokens(on: backplane)
        let (before, id) = await early.issue([], for: chat)
        base.expire([name], after: .zero)
        let late = tokens(on: base)
        let (after, lateID) = await late.issue([], for: chat)
        backplane.setAway(true)
        backplane.setAway(false)
        var signed = before
        while await late.read(signed, for: chat) == .unknown {
            signed = await early.issue([], for: chat).token
        }
        #expect(await early.read(after, for: chat) == .usable(id: lateID))
        #expect(await early.read(before, for: chat) == .usable(id: id))
    }

    @Test(.timeLimit(.minutes(1))) func aSecretThatWasLostIsBroughtBackByWhoReconnects() async throws {
        let base = InMemoryBackplane()
        let name = BackplaneNames(app: "test").clusterSecret
        let backplane = FaultyBackplane(base: base)
        let early = tokens(on: backplane)
        let (before, id) = await early.issue([], for: chat)
        base.expire([name], after: .zero)
        backplane.setAway(true)
        backplane.setAway(false)
        while try await base.get(name) == nil { try await Task.sleep(for: .milliseconds(1)) }
        #expect(await tokens(on: base).read(before, for: chat) == .usable(id: id))
    }
}
