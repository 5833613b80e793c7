/// What the demo model says.
enum DemoReply {
    private static let longestExcerpt = 60

    static func text(for prompt: String) -> String {
        let words = Set(prompt.lowercased().split { !$0.isLetter })
        if words.contains("long") { return long }
        if words.contains("code") { return code }
        if words.contains("list") { return list }
        return greeting(excerpt: excerpt(of: prompt))
    }

    /// The beginning of the prompt as a Markdown code span, in which nothing of it can act as markup.
    private static func excerpt(of prompt: String) -> String {
        let printable = prompt.unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            // Format characters could reverse the text after them, and a backtick would end the code span.
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: " "
            default: scalar == "`" ? "'" : scalar
            }
        }
        let words = String(String.UnicodeScalarView(printable)).split(separator: " ")
        let line = words.joined(separator: " ")
        let short = line.prefix(longestExcerpt)
        return short.isEmpty ? "" : "`\(short)\(short.endIndex < line.endIndex ? " …" : "")`"
    }

    private static func greeting(excerpt: String) -> String {
        let heard = excerpt.isEmpty ? "You sent no words, which is fine." : "You wrote \(excerpt)."
        return """
            \(heard) I am the **demo model**: a few texts that are built into Hubbub, so that you can watch a reply stream \
            without a key, a network or a bill.

            Every word you see was handed over as a chunk, logged with a number, and sent to you over the connection that \
            your client holds, whichever node that is. Close the page in the middle of a reply and come back: the rest \
            arrives where you left off.

            Try a prompt with the word *list*, *code* or *long*. To talk to a real model, set `OPENAI_BASE_URL` or \
            `AZURE_OPENAI_ENDPOINT` and start again.
            """
    }

    private static let list = """
        Here is what happens to your question, step by step:

        1. **You ask.** Your client invokes `AskAi` over SignalR, on whichever node the load balancer chose.
        2. **A worker takes it.** The node itself if it may and has room, otherwise any worker of the cluster.
        3. **The model writes.** Each piece of text becomes a numbered chunk before anyone sees it.
        4. **The chunk is logged and published.** One append, one message, in the same round trip.
        5. **You read it.** The node that holds your connection sends it on as `partial`.
        6. **It ends exactly once.** `completed` tells the number of bytes and their SHA-256, so you can check the text.

        And what it does *not* need:

        - sticky sessions
        - a database
        - a second service beside Redis
        """

    private static let code = """
        A client takes a dozen lines. This one runs in any browser:

        ```js
        import { HubConnectionBuilder } from "@microsoft/signalr";

        const connection = new HubConnectionBuilder()
          .withUrl("/chat")
          .withAutomaticReconnect()
          .build();

        let text = "";
        connection.on("partial", (id, piece) => { text += piece; });
        connection.on("completed", (id) => { console.log(text); });

        await connection.start();
        await connection.invoke("AskAi", "Show me some code");
        ```

        `invoke` resolves when the reply has ended. To end it sooner, call `Stop` with the message id that came with \
        `typing`: any node will pass it on to the one that writes the reply.
        """
}
