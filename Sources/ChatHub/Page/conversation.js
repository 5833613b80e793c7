// Asks, stops and resumes replies over one hub connection, and hands the hub's events to the replies they belong to.

import { HubConnectionState } from "./connection.js";

const resumeAgainAfter = 3_000;

export class Conversation {
  #connection;
  #replies = new Map();
  #unsent = [];
  // The one question that was sent and whose message id is not known yet. Questions are opened one after the
  // other, so the first `typing` with an unknown id is its answer; once opened they run side by side.
  #opening = null;

  constructor(connection) {
    this.#connection = connection;
    connection.on("typing", (id, on) => this.#typing(id, on));
    connection.on("partial", (id, text, seq) => this.#replies.get(id)?.received(text, seq));
    connection.on("completed", (id, summary) => this.#replies.get(id)?.completed(summary));
    connection.on("failed", (id, problem) => this.#replies.get(id)?.failed(problem));
    connection.on("restarted", (id, cursor) => this.#replies.get(id)?.restarted(cursor));
    connection.on("retracted", (id, retraction) => this.#replies.get(id)?.retracted(retraction));
  }

  /** Sends the question now, or as soon as there is a connection. */
  ask(reply) {
    this.#unsent.push(reply);
    this.#openNext();
  }

  /** Takes up a reply that an earlier page or connection began. */
  adopt(reply) {
    this.#replies.set(reply.messageId, reply);
    this.#resume(reply);
  }

  /**
   * Nobody looks at the replies any more. Those that go on are stopped, also where that cannot be said yet: without a
   * connection it is when there is one, without an id when it comes. A question that is being opened keeps its place, since
   * its `typing` would be taken for the next question's.
   */
  forget() {
    this.#unsent = [];
    const all = [...this.#replies.values(), this.#opening].filter((reply) => reply !== null);
    for (const reply of all) {
      reply.onchange = () => {};
      if (reply.ended) {
        this.#replies.delete(reply.messageId);
      } else if (!reply.stopRequested) {
        this.stop(reply);
      }
    }
  }

  async stop(reply) {
    if (reply.ended) {
      return;
    }
    if (!reply.sent && this.#unsent.includes(reply)) {
      this.#unsent = this.#unsent.filter((other) => other !== reply);
      reply.withdrawn();
      return;
    }
    reply.stopAsked();
    await this.#sendStop(reply);
  }

  connected() {
    for (const reply of this.#replies.values()) {
      this.#resume(reply);
    }
    this.#openNext();
  }

  disconnected() {
    for (const reply of this.#replies.values()) {
      reply.interrupted();
    }
  }

  get #isConnected() {
    return this.#connection.state === HubConnectionState.Connected;
  }

  async #openNext() {
    if (this.#opening || !this.#isConnected || this.#unsent.length === 0) {
      return;
    }
    const reply = this.#unsent.shift();
    this.#opening = reply;
    reply.wasSent();
    try {
      await this.#connection.invoke("AskAi", reply.prompt);
    } catch (error) {
      this.#askRejected(reply, error);
    }
  }

  #typing(messageId, on) {
    const opening = this.#opening;
    if (on && opening && !this.#replies.has(messageId)) {
      this.#opening = null;
      this.#replies.set(messageId, opening);
      opening.accepted(messageId);
      if (opening.stopRequested) {
        this.#sendStop(opening);
      }
      this.#openNext();
    }
    this.#replies.get(messageId)?.typingChanged(on);
  }

  // A dropped connection rejects the invocation while the reply goes on: with an id, Resume tells the rest.
  #askRejected(reply, error) {
    if (this.#opening === reply) {
      this.#opening = null;
    }
    if (this.#isConnected) {
      reply.failed({ code: "refused", message: readable(error), retryable: true });
    } else if (!reply.messageId) {
      const message = "The connection was lost before the server answered, so this message may not have arrived.";
      reply.failed({ code: "unknown", message, retryable: true });
    }
    this.#openNext();
  }

  async #resume(reply) {
    if (reply.ended || !this.#isConnected) {
      return;
    }
    const connectionId = this.#connection.connectionId;
    try {
      const { status } = await this.#connection.invoke("Resume", reply.messageId, reply.cursor);
      if (status === "gone" || status === "forbidden") {
        reply.unavailable(status);
      } else if (reply.stopRequested) {
        await this.#sendStop(reply);
      } else {
        reply.resumed();
      }
    } catch {
      setTimeout(() => {
        if (this.#connection.connectionId === connectionId) {
          this.#resume(reply);
        }
      }, resumeAgainAfter);
    }
  }

  // Without an id or a connection the wish is kept in `stopRequested` and sent when there is one.
  async #sendStop(reply) {
    if (!reply.messageId || !this.#isConnected) {
      return;
    }
    try {
      const { status } = await this.#connection.invoke("Stop", reply.messageId);
      if (status === "unconfirmed" && !reply.ended) {
        reply.stopFailed("The stop is not confirmed yet, the reply may go on for a moment.");
      }
    } catch (error) {
      if (this.#isConnected) {
        reply.stopFailed(`The reply could not be stopped: ${readable(error)}`);
      }
    }
  }
}

/** The text of a hub method's error, without the framing that SignalR servers put before it. */
function readable({ message }) {
  return message.replace(/^(?:An unexpected error occurred invoking|Failed to invoke) '[^']*'[^.]*\. ?(?:\w+: )?/, "")
    || "The server refused the message.";
}
