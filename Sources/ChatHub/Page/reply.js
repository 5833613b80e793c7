// One question and its reply as the hub's events tell it. No DOM, no network.

const idBytes = 16;

/** `waiting`: not accepted yet, or the connection is away. `typing`: accepted, no text yet. The last three are ends. */
export const ReplyState = Object.freeze({
  Waiting: "waiting", Typing: "typing", Streaming: "streaming",
  Completed: "completed", Stopped: "stopped", Failed: "failed",
});

const endStates = new Set([ReplyState.Completed, ReplyState.Stopped, ReplyState.Failed]);

export class Reply {
  /** Chosen here, so that the answer is found again when it was lost with its connection: 128 random bits. */
  messageId = newId();
  prompt;
  /** What was said before under this id is told to the model. */
  conversationId;
  text = "";
  /** The `seq` of the last text received: where a Resume goes on. */
  cursor = 0;
  state = ReplyState.Waiting;
  /** True from the moment the question was sent; a question typed while offline waits unsent. */
  sent = false;
  /** The server has said something of the reply. */
  accepted = false;
  typing = false;
  stopRequested = false;
  /** Why a wished stop has not happened. */
  stopNotice = "";
  /** What `completed` announced, or null. */
  summary = null;
  /** `{ code, message, retryable, retryAfter? }` of a reply that failed, or null. */
  problem = null;
  /** A sentence for the reader about something unusual. */
  notice = "";

  onchange = () => {};

  constructor(prompt, conversationId) {
    this.prompt = prompt;
    this.conversationId = conversationId;
  }

  get ended() {
    return endStates.has(this.state);
  }

  wasSent() {
    this.sent = true;
    this.onchange(this);
  }

  typingChanged(on) {
    this.typing = on;
    if (on) {
      this.#live();
    } else {
      this.onchange(this);
    }
  }

  /** Text that was already seen, sent again after a Resume, is dropped. */
  received(text, seq) {
    if (this.ended || seq <= this.cursor) {
      return;
    }
    this.text += text;
    this.cursor = seq;
    this.#live();
  }

  restarted(cursor) {
    this.text = "";
    this.cursor = cursor;
    this.summary = this.problem = null;
    this.notice = "";
    this.state = ReplyState.Typing;
    this.#live();
  }

  retracted({ cursor, keepUTF16, replacement }) {
    this.text = this.text.slice(0, keepUTF16) + (replacement ?? "");
    this.cursor = Math.max(this.cursor, cursor);
    this.notice = "Part of this reply was taken back by the content filter.";
    this.onchange(this);
  }

  completed(summary) {
    if (this.ended) {
      return;
    }
    const cutShort = summary.finish === "stopped" || summary.finish === "filtered";
    this.summary = summary;
    this.#end(cutShort ? ReplyState.Stopped : ReplyState.Completed);
  }

  failed(problem) {
    if (this.ended) {
      return;
    }
    this.problem = problem;
    this.#end(ReplyState.Failed);
  }

  /** Stopped before it was sent, or before it arrived. */
  withdrawn() {
    this.notice = "This message was not sent.";
    this.#end(ReplyState.Stopped);
  }

  /** The server no longer has the reply (`gone`) or does not give it to this user (`forbidden`). The text stays. */
  unavailable(status) {
    const message = status === "forbidden"
      ? "This reply belongs to someone else, the rest of it cannot be shown."
      : "The rest of this reply is no longer available on the server.";
    this.failed({ code: status, message, retryable: true });
  }

  /** The connection is away; the reply goes on without us. */
  interrupted() {
    if (!this.ended) {
      this.state = ReplyState.Waiting;
      this.onchange(this);
    }
  }

  resumed() {
    this.#live();
  }

  stopAsked() {
    this.stopRequested = true;
    this.stopNotice = "";
    this.onchange(this);
  }

  stopFailed(notice) {
    this.stopRequested = false;
    this.stopNotice = notice;
    this.onchange(this);
  }

  #live() {
    this.accepted = true;
    if (!this.ended) {
      this.state = this.text === "" ? ReplyState.Typing : ReplyState.Streaming;
    }
    this.onchange(this);
  }

  #end(state) {
    this.state = state;
    this.typing = false;
    this.stopRequested = false;
    this.stopNotice = "";
    this.onchange(this);
  }
}

/** 128 random bits. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(idBytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
