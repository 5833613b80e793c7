// <hub-message>: one reply on the page. Scripts and tests read data-message-id, data-state, data-proof and rawText.

import { copyButton } from "./copy.js";
import { renderNextFrame } from "./frame.js";
import { MarkdownView } from "./markdown.js";
import { proofOf } from "./proof.js";
import { ReplyState } from "./reply.js";

class HubMessage extends HTMLElement {
  #reply;
  #markdown;
  #footer;
  #drawnFooter = "";
  #proof = "unknown";
  #parts;

  get reply() {
    return this.#reply;
  }

  /** The text as received, whether or not a frame has shown it already. */
  get rawText() {
    return this.#reply?.text ?? "";
  }

  /** Shows `reply` from now on; an earlier one (before a retry) is let go. */
  set reply(reply) {
    if (this.#reply) {
      this.#reply.onchange = () => {};
    }
    this.#reply = reply;
    this.#proof = "unknown";
    this.#build();
    this.render();
    this.#prove();
  }

  /** Called by the reply's owner when it changed. */
  changed() {
    this.#prove();
    renderNextFrame(this);
  }

  render() {
    const { messageId, state, text, ended, typing } = this.#reply;
    this.dataset.state = state;
    this.dataset.messageId = messageId;
    this.dataset.proof = this.#proof;
    this.setAttribute("aria-busy", String(!ended));
    this.#markdown.update(text, ended);
    this.#parts.text.classList.toggle("growing", state === ReplyState.Streaming && typing);
    this.#parts.dots.hidden = !(state === ReplyState.Typing || (state === ReplyState.Waiting && this.#isOpening));
    this.#renderFooter();
  }

  /** Sent, and not answered yet. */
  get #isOpening() {
    return this.#reply.sent && !this.#reply.accepted;
  }

  #build() {
    const text = make("div", "markdown");
    const dots = make("div", "dots");
    dots.append(make("span"), make("span"), make("span"));
    this.#footer = make("footer");
    this.#drawnFooter = "";
    this.#parts = { text, dots };
    this.#markdown = new MarkdownView(text);
    this.setAttribute("role", "article");
    this.setAttribute("aria-label", "Reply");
    this.replaceChildren(text, dots, this.#footer);
  }

  // Partials come by the thousand; the footer is drawn again only when what it says has changed.
  #renderFooter() {
    const { state, problem, notice, stopNotice, stopRequested, sent, summary } = this.#reply;
    const drawn = JSON.stringify([state, problem, notice, stopNotice, stopRequested, sent, summary, this.#proof]);
    if (drawn === this.#drawnFooter) {
      return;
    }
    this.#drawnFooter = drawn;
    const hadFocus = this.#footer.contains(document.activeElement);
    const notes = [notice, stopNotice].filter(Boolean).map((note) => make("p", "notice", note));
    const line = make("div", "line");
    line.append(this.#mark(), ...this.#proofMark(), ...this.#buttons());
    this.#footer.replaceChildren(...this.#problemBox(), ...notes, line);
    if (hadFocus && !this.#footer.contains(document.activeElement)) {
      this.#tell("focus-lost");
    }
  }

  #mark() {
    const { state, summary, sent, stopRequested } = this.#reply;
    const filtered = summary?.finish === "filtered";
    const mark = (text) => make("span", "mark", text);
    if (stopRequested) {
      return mark("Stopping…");
    }
    switch (state) {
      case ReplyState.Completed:
        return mark("✓ Completed");
      case ReplyState.Stopped:
        return mark(!sent ? "■ Not sent" : filtered ? "■ Stopped by the content filter" : "■ Stopped");
      case ReplyState.Failed:
        return mark("Failed");
      case ReplyState.Waiting:
        return mark(this.#waitingFor());
      default:
        return mark(state === ReplyState.Typing ? "Thinking…" : "Writing…");
    }
  }

  #waitingFor() {
    if (!this.#reply.sent) {
      return "Will be sent when connected";
    }
    return this.#isOpening ? "Sending…" : "Waiting for the connection…";
  }

  #proofMark() {
    if (this.#proof === "verified" && this.#reply.state !== ReplyState.Failed) {
      const mark = make("span", "proof", "verified");
      mark.title = `The text received has the SHA-256 that the server announced: ${this.#announced.sha256}`;
      return [mark];
    }
    if (this.#proof === "mismatch") {
      const mark = make("span", "proof mismatch", "text differs");
      mark.title = "The text received does not have the SHA-256 that the server announced.";
      return [mark];
    }
    return [];
  }

  #problemBox() {
    const { problem } = this.#reply;
    if (!problem) {
      return [];
    }
    const box = make("p", "problem", problem.message || "The reply failed.");
    box.title = problem.code ?? "";
    if (problem.retryAfter) {
      box.append(` Try again in ${Math.ceil(problem.retryAfter)} s.`);
    }
    return [box];
  }

  #buttons() {
    const { ended, state, problem, text, stopRequested } = this.#reply;
    const buttons = [];
    if (!ended) {
      const stop = this.#button("Stop", "stop", "Stop this reply");
      stop.disabled = stopRequested;
      return [stop];
    }
    if (state !== ReplyState.Completed && problem?.retryable !== false) {
      buttons.push(this.#button("Retry", "retry", "Ask again"));
    }
    if (state === ReplyState.Failed) {
      buttons.push(this.#button("Edit", "edit", "Edit the message"));
    }
    if (text) {
      buttons.push(copyButton("Copy the reply", () => this.rawText));
    }
    return buttons;
  }

  #button(text, wish, label) {
    const button = make("button", "quiet", text);
    button.type = "button";
    button.dataset.wish = wish;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => this.#tell(wish));
    return button;
  }

  /** Tells the page what the reader wants: `stop`, `retry`, `edit`, or `focus-lost`. */
  #tell(wish) {
    this.dispatchEvent(new CustomEvent("hub-message", { bubbles: true, detail: { wish, message: this } }));
  }

  get #announced() {
    return this.#reply.summary ?? this.#reply.problem;
  }

  async #prove() {
    const reply = this.#reply;
    const proof = reply.ended ? await proofOf(reply.text, this.#announced) : "unknown";
    if (reply === this.#reply && proof !== this.#proof) {
      this.#proof = proof;
      renderNextFrame(this);
    }
  }
}

customElements.define("hub-message", HubMessage);

function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}
