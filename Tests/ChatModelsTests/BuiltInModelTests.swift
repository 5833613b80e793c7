import HubTesting
import NIOCore
import Testing

@testable import ChatModels

@Suite(.timeLimit(.minutes(1))) struct BuiltInModelTests {
    @Test(arguments: [
        ("", ["You", " said:", " "]),
        ("Hello there", ["You", " said:", " Hello", " there"]),
        ("  two  spaces\nand lines ", ["You", " said:", "   two", "  spaces", "\nand", " lines", " "]),
        ("Grüße 👩‍👩‍👧!", ["You", " said:", " Grüße", " 👩‍👩‍👧!"]),
    ])
    func echoRepeatsThePromptAWordAtATime(prompt: String, expected: [String]) async throws {
        let (pieces, end) = try await EchoModel().pieces(prompt)
        #expect(pieces == expected)
        #expect(pieces.joined() == "You said: \(prompt)")
        #expect(end == ChatReplyEnd(finish: .stop))
    }

    @Test func echoRepeatsTheLastUserMessage() async throws {
        var text = ""
        let messages = [
            ChatMessage(role: .system, text: "system"), ChatMessage(role: .user, text: "first"),
            ChatMessage(role: .assistant, text: "answer"), ChatMessage(role: .user, text: "second"),
        ]
        _ = try await EchoModel().reply(to: ChatRequest(messages: messages)) {
            if case .text(let piece) = $0 { text += String(buffer: piece) }
        }
        #expect(text == "You said: second")
    }

    @Test func echoEndsWhenItIsCancelled() async throws {
        let prompt = String(repeating: "word ", count: 100_000)
        let reply = Task {
            try await EchoModel().reply(to: ChatRequest(messages: [ChatMessage(role: .user, text: prompt)])) { _ in
                await Task.yield()
            }
        }
        reply.cancel()
        await #expect(throws: CancellationError.self) { try await reply.value }
    }

    @Test(arguments: [
        ("Show me CODE, please", "```js"), ("a list?", "1. **You ask.**"), ("something long", "## The long way"),
        ("decode listing along", "`decode listing along`"), ("", "You sent no words"),
    ])
    func demoChoosesByTheWordsOfThePrompt(prompt: String, expected: String) async throws {
        let text = try await DemoModel(wordsPerSecond: 100_000).pieces(prompt).pieces.joined()
        #expect(text == DemoReply.text(for: prompt))
        #expect(text.contains(expected))
    }

    @Test func demoQuotesAPromptThatCannotActAsMarkup() {
        let prompt = "`</p>`\n# <script>alert(1)</script>\u{202E}\u{0} " + String(repeating: "x", count: 500)
        let text = DemoReply.text(for: prompt)
        #expect(text.contains("`'</p>' # <script>alert(1)</script> xxx"))
        #expect(!text.contains("\u{202E}"))
        #expect(!text.contains(String(repeating: "x", count: 50)))
    }

    @Test func theLongReplyOfTheDemoLastsTwentySeconds() {
        #expect(Array(Words(DemoReply.text(for: "long"))).count >= 20 * 40)
    }

    @Test func demoKeepsItsPace() async throws {
        let begin = ContinuousClock.now
        let words = try await DemoModel(wordsPerSecond: 1000).pieces("list").pieces.count
        #expect(ContinuousClock.now - begin >= .milliseconds(words / 2))
    }

    @Test func theWordsOfATextAreTheText() {
        var generator = SeededGenerator(seed: 3)
        let alphabet: [Character] = ["a", "ü", "👩‍👩‍👧", " ", "\n", "\t", "\r\n", "\u{3000}"]
        for _ in 0..<500 {
            let text = String(
                (0..<Int.random(in: 0...30, using: &generator)).compactMap { _ in
                    alphabet.randomElement(using: &generator)
                })
            let words = Array(Words(text))
            #expect(words.map { String(buffer: $0) }.joined() == text)
            #expect(
                words.allSatisfy {
                    $0.readableBytes > 0 && String(validating: $0.readableBytesView, as: UTF8.self) != nil
                })
        }
    }
}
