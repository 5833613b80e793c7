import AzureIdentityTesting
import FoundationEssentials
import Testing

@testable import AzureIdentity

@Suite struct TokenCacheStateMachineTests {
    typealias Key = TokenCache.StateMachine.Key

    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private let key = Key(TokenRequestContext(scopes: [scope]))

    private func token(_ name: String, lifetime: TimeInterval, refreshIn: TimeInterval? = nil) -> AccessToken {
        AccessToken(token: name, expiresOn: start + lifetime, refreshOn: refreshIn.map { start + $0 })
    }

    private func cache(holding token: AccessToken) -> TokenCache.StateMachine {
        var cache = TokenCache.StateMachine()
        #expect(cache.request(key, now: start) == .fetch)
        #expect(cache.finished(key, token: token, now: start, jitter: 0) == token)
        return cache
    }

    @Test func aSecondRequestJoinsTheFirst() {
        var cache = TokenCache.StateMachine()
        #expect(cache.request(key, now: start) == .fetch)
        #expect(cache.request(key, now: start) == .join)
        #expect(cache.finished(key, token: nil, now: start, jitter: 0) == nil)
        #expect(cache.request(key, now: start) == .fetch)
    }

    @Test func aTokenIsUsedUntilItIsDue() {
        let kept = token("a", lifetime: 3600)
        var cache = cache(holding: kept)
        #expect(cache.request(key, now: start + 3299) == .use(kept))
        #expect(cache.request(key, now: start + 3300) == .refresh(kept))
        // One refresh at a time.
        #expect(cache.request(key, now: start + 3301) == .use(kept))
    }

    @Test func aRefusedTokenIsReplacedOnceInAWhile() {
        let (refused, other) = (token("a", lifetime: 3600), token("b", lifetime: 3600))
        var cache = cache(holding: refused)
        #expect(cache.request(key, refused: refused, now: start + 1) == .fetch)
        #expect(cache.request(key, refused: refused, now: start + 1) == .join)
        #expect(cache.finished(key, token: other, now: start + 1, jitter: 0) == other)
        #expect(cache.request(key, refused: refused, now: start + 2) == .use(other))
        // It is not the token's fault.
        #expect(cache.request(key, refused: other, now: start + 30) == .use(other))
        #expect(cache.request(key, refused: other, now: start + 31) == .fetch)
        // Nothing better is to be had.
        #expect(cache.finished(key, token: nil, now: start + 31, jitter: 0) == other)
    }

    @Test func theServersTimeToRefreshCounts() {
        let kept = token("a", lifetime: 86400, refreshIn: 43200)
        var cache = cache(holding: kept)
        #expect(cache.request(key, now: start + 43199) == .use(kept))
        #expect(cache.request(key, now: start + 43200) == .refresh(kept))
    }

    @Test func jitterBringsARefreshForwardByAMinuteAtMost() {
        let kept = token("a", lifetime: 86400, refreshIn: 43200)
        var cache = TokenCache.StateMachine()
        _ = cache.request(key, now: start)
        _ = cache.finished(key, token: kept, now: start, jitter: 0.5)
        #expect(cache.request(key, now: start + 43169) == .use(kept))
        #expect(cache.request(key, now: start + 43170) == .refresh(kept))
    }

    @Test func aFailedRefreshIsTriedAgainAfterAPauseAndHurtsNobody() {
        let kept = token("a", lifetime: 3600)
        var cache = cache(holding: kept)
        #expect(cache.request(key, now: start + 3400) == .refresh(kept))
        #expect(cache.finished(key, token: nil, now: start + 3401, jitter: 0) == kept)
        #expect(cache.request(key, now: start + 3429) == .use(kept))
        #expect(cache.request(key, now: start + 3430) == .refresh(kept))
    }

    @Test func aTokenThatIsAboutToEndIsNotGivenOut() {
        var cache = cache(holding: token("a", lifetime: 3600))
        #expect(cache.request(key, now: start + 3590) == .fetch)
        #expect(cache.request(key, now: start + 3600) == .join)
        #expect(cache.finished(key, token: nil, now: start + 3600, jitter: 0) == nil)
    }

    @Test func aTokenThatIsShortLivedIsNotRefreshedAllTheTime() {
        let kept = token("a", lifetime: 200)
        var cache = cache(holding: kept)
        #expect(cache.request(key, now: start + 29) == .use(kept))
        #expect(cache.request(key, now: start + 30) == .refresh(kept))
    }

    @Test func claimsPassTheCacheByAndTheirTokenIsKept() {
        let old = token("a", lifetime: 3600)
        let new = token("b", lifetime: 3600)
        var cache = cache(holding: old)
        let withClaims = Key(TokenRequestContext(scopes: [scope], claims: "{}"))
        #expect(cache.request(withClaims, now: start + 1) == .fetch)
        // Not the one that the resource refused.
        #expect(cache.finished(withClaims, token: nil, now: start + 2, jitter: 0) == nil)
        #expect(cache.request(withClaims, now: start + 3) == .fetch)
        #expect(cache.finished(withClaims, token: new, now: start + 4, jitter: 0) == new)
        #expect(cache.request(key, now: start + 5) == .use(new))
        #expect(cache.request(withClaims, now: start + 6) == .fetch)
    }

    @Test func scopesAndTenantsHaveTokensOfTheirOwn() {
        var cache = cache(holding: token("a", lifetime: 3600))
        #expect(cache.request(Key(TokenRequestContext(scopes: ["other"])), now: start) == .fetch)
        #expect(cache.request(Key(TokenRequestContext(scopes: [scope], tenantID: "t2")), now: start) == .fetch)
    }

    @Test func keepsNoMoreThanItsCapacity() {
        var cache = TokenCache.StateMachine()
        for number in 0..<1000 {
            let key = Key(TokenRequestContext(scopes: ["s\(number)"]))
            _ = cache.request(key, now: start)
            _ = cache.finished(key, token: token("a", lifetime: 100 + Double(number)), now: start, jitter: 0)
        }
        #expect(cache.count == TokenCache.StateMachine.capacity)
        // Those that last longest stay.
        #expect(cache.request(Key(TokenRequestContext(scopes: ["s999"])), now: start) != .fetch)
        #expect(cache.request(Key(TokenRequestContext(scopes: ["s0"])), now: start) == .fetch)
    }
}
