extension DemoReply {
    /// Long enough to stop it, to reload the page, or to end the node that writes it.
    static let long = """
        ## The long way of a short word

        This reply takes more than twenty seconds. That leaves time to press **Stop**, to reload the page, or to end the node \
        that is writing it and see what happens. Meanwhile, here is the story of a single word on its way to you.

        ### It begins with a guess

        A language model does not write sentences. It writes one small piece of text, looks at everything so far, and \
        guesses the next. That takes a few hundredths of a second each time, so a page of text takes many seconds. You \
        could wait for the whole page, as one waits for a letter. But people read about as fast as a model writes, so it \
        is far better to hand over each piece as soon as it exists. That is all that streaming means, and it turns a long \
        wait into a conversation.

        The pieces arrive at a server as lines of text over a connection that stays open. The network cares nothing for \
        where a word ends: it may cut a line in the middle, even in the middle of a letter. So the server gathers bytes \
        until a line is whole, and only then looks at what it says.

        ### It gets a number

        Before anyone sees the word, it gets a number: one for the first, two for the second, and so on. This sounds like \
        bookkeeping, and it is, but it is the kind that makes everything else simple. Whoever has read up to number \
        seventeen can say so, and gets eighteen next, from whichever machine is asked. Nothing is lost and nothing comes \
        twice, because there is only ever one eighteen.

        The word is then written to a log. If a second word arrives while the first is still being written, it waits a \
        moment, and both leave together with the next one. When there is little to do, every word travels alone and at \
        once. When there is much to do, the words travel in groups, and the system does less work for each of them. No \
        clock decides this. The work itself sets the pace.

        ### It finds you

        You are connected to one machine, and the word was perhaps written on another. In many systems that is a \
        problem, and the usual answer is to nail you to one machine: the load balancer remembers where you were and sends \
        you there again. That works until the machine is restarted, or full, or gone.

        Here nobody needs to remember. The machine that writes publishes the word under the name of the reply. The \
        machine that holds your connection has asked for everything under that name, and sends it to you. If your \
        connection breaks, your client connects again, to any machine, and says the last number that it has. The new \
        machine asks for the same name, reads from the log what you missed, and goes on with what is new. You may not even \
        notice.

        ### It waits its turn

        Not every reader is fast. A phone in a tunnel takes no bytes for a while, and then many at once. A server that \
        kept a separate message for each word would fill its memory for every phone in every tunnel. So while you cannot \
        take more, the waiting words are put together into one longer text. You get fewer and longer messages, and in the \
        end exactly the same letters in the same order.

        The same holds in the other direction. If the log cannot be written for a time, the words gather up to a limit, and \
        then the server simply stops reading from the model. The model's own connection fills up, and the model waits. \
        Nobody has to guess how much memory will be enough.

        ### It can be stopped

        Perhaps you have read enough. **Stop** may be pressed on any machine; the wish is written down beside the log, and \
        whoever writes the reply sees it, closes the model's connection, and ends the text where it stands. Since models \
        charge by the word, this saves more than time.

        ### It ends exactly once

        At the end comes one last entry: how many pieces there were, how many bytes they make together, and a fingerprint \
        of the whole text. Your client can compute the same fingerprint from what it received. If both agree, then what \
        you have read is what was written, whatever happened on the way: a reconnect, a restart, or the end of a machine.

        There is always such an end. If the model fails, it says so and why. If the machine that wrote the reply \
        disappears, another one notices within a few seconds and says that, and the text up to there stays with you.

        ### And that is all

        One word, one number, one log, one name, one end. Each of these is simple, and the rest follows from keeping them \
        simple. If you are still reading, then nothing was lost, and you have just watched almost nine hundred words \
        arrive, one after the other, each of them exactly once.
        """
}
