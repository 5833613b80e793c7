import HubServer
import Testing

@Suite struct SessionWindowTests {
    @Test func closesWhenItsSizeIsUnderWay() {
        var window = SessionWindow()
        window.sent(SessionWindow.size - 1)
        #expect(window.isOpen)
        window.sent(100)
        #expect(!window.isOpen)
        #expect(window.consumed(50) == false)
        #expect(window.consumed(50) == true)
        #expect(window.isOpen)
        #expect(window.consumed(1) == false)
    }

    @Test func creditIsGivenInQuarters() {
        var credit = SessionCredit()
        #expect(credit.consumed(SessionWindow.size / 4 - 1) == nil)
        #expect(credit.consumed(1) == SessionWindow.size / 4)
        #expect(credit.consumed(SessionWindow.size) == SessionWindow.size)
    }

    @Test func aSenderIsNeverLeftWithoutRoom() {
        var window = SessionWindow()
        var credit = SessionCredit()
        for _ in 0..<1000 {
            #expect(window.isOpen)
            window.sent(999)
            if let consumed = credit.consumed(999) { _ = window.consumed(consumed) }
        }
    }
}
