import HubServer
import NIOCore
import NIOEmbedded
import Testing

@testable import HubTransports

@Suite(.timeLimit(.minutes(1))) struct HTTPExchangeTests {
    /// A home that notes what it is told, and may have the client leave while it takes a request.
    private final class Home: ConnectionHome {
        var hubConnection: HubConnection? { nil }
        let told = Collected<String>()
        let leavesAtOnce: Bool

        init(leavesAtOnce: Bool = false) { self.leavesAtOnce = leavesAtOnce }

        func take(_ request: HomeRequest, identity: HubIdentity, from exchange: any EdgeExchange) {
            if leavesAtOnce { (exchange as? HTTPExchange)?.giveUp() }
            told.append("request")
        }

        func finished(_ exchange: any EdgeExchange, delivered: Bool) { told.append("delivered: \(delivered)") }
    }

    private func isEnded(_ answer: HomeAnswer) -> Bool {
        if case .poll(.ended) = answer { true } else { false }
    }

    @Test func whoseClientHasLeftAsksNobody() async {
        let home = Home()
        let exchange = HTTPExchange(givenUpAs: .poll(.ended))
        exchange.giveUp()
        #expect(isEnded(await exchange.ask(.poll(nil), identity: .anonymous, of: home)))
        #expect(home.told.all == [])
    }

    @Test func whoseClientLeavesMeanwhileIsFinishedAfterItsRequest() async {
        let home = Home(leavesAtOnce: true)
        let exchange = HTTPExchange(givenUpAs: .poll(.ended))
        #expect(isEnded(await exchange.ask(.poll(nil), identity: .anonymous, of: home)))
        #expect(home.told.all.last == "delivered: false")
    }

    @Test func whatIsHeldIsGivenUpAtItsTime() async {
        let loop = NIOAsyncTestingEventLoop()
        let home = Home()
        let exchange = HTTPExchange(givenUpAs: .poll(.ended), at: .uptimeNanoseconds(5), on: loop)
        async let answer = exchange.ask(.poll(nil), identity: .anonymous, of: home)
        while home.told.all.isEmpty { await Task.yield() }
        exchange.hold()
        exchange.hold()
        await loop.advanceTime(to: .uptimeNanoseconds(5))
        #expect(isEnded(await answer))
        #expect(home.told.all == ["request", "delivered: false"])
    }
}
