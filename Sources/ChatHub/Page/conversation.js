// Asks, stops and resumes replies over one hub connection, and hands the hub's events to the replies they belong to.

import { HubConnectionState } from "./connection.js";

const resumeAgainAfter = 3_000;

export class Conversation {
  #connection;
  /** By message id, in the order in which they were asked. Of what others began nothing is shown. */
  #replies = new Map();

  constructor(connection) {
    this.#connection = connection;
    connection.on("typing", (id, on) => this.#typing(this.#replies.get(id), on));
    connection.on("partial", (id, text, seq) => this.#replies.get(id)?.received(text, seq));
    connection.on("completed", (id, summary) => this.#replies.get(id)?.completed(summary));
    connection.on("failed", (id, problem) => this.#replies.get(id)?.failed(problem));
    connection.on("restarted", (id, cursor) => this.#replies.get(id)?.restarted(cursor));
    connection.on("retracted", (id, retraction) => this.#replies.get(id)?.retracted(retraction));
  }

  /** Sends the question now, or as soon as there is a connection. */
  ask(reply) {
    this.#replies.set(reply.messageId, reply);
    if (this.#isConnected) {
      this.#send(reply);
    }
  }

  /** Takes up a reply that an earlier page or connection began. */
  adopt(reply) {
    this.#replies.set(reply.messageId, reply);
    this.#resume(reply);
  }

  /**
   * Nobody looks at the replies any more. Those that go on are stopped, also where that cannot be said yet: then it is when
   * there is a connection, or a sign of the reply.
   */
  forget() {
    for (const reply of [...this.#replies.values()]) {
      reply.onchange = () => {};
      if (!reply.ended && !reply.stopRequested) {
        this.stop(reply);
      }
      if (reply.ended) {
        this.#replies.delete(reply.messageId);
      }
    }
  }

  async stop(reply) {
    if (reply.ended) {
      return;
    }
    if (!reply.sent) {
      this.#replies.delete(reply.messageId);
      reply.withdrawn();
      return;
    }
    reply.stopAsked();
    await this.#sendStop(reply);
  }

  connected() {
    for (const reply of this.#replies.values()) {
      if (reply.sent) {
        this.#resume(reply);
      } else {
        this.#send(reply);
      }
    }
  }

  disconnected() {
    for (const reply of this.#replies.values()) {
      reply.interrupted();
    }
  }

  get #isConnected() {
    return this.#connection.state === HubConnectionState.Connected;
  }

  /** `isAgain`: the server did not know of the reply. */
  async #send(reply, isAgain = false) {
    reply.wasSent();
    try {
      const { messageId, conversationId } = reply;
      await this.#connection.invoke("AskAi", reply.prompt, { messageId, conversationId });
    } catch (error) {
      // A dropped connection rejects the invocation while the reply goes on: Resume tells the rest.
      if (!this.#isConnected) {
        return;
      }
      const refusal = { code: "refused", message: readable(error), retryable: true };
      if (isAgain) {
        // The first question may have arrived in the meantime, and the reply is there.
        this.#resume(reply, refusal);
      } else {
        reply.failed(refusal);
      }
    }
  }

  #typing(reply, on) {
    if (!reply) {
      return;
    }
    const isNew = !reply.accepted;
    reply.typingChanged(on);
    if (isNew && reply.stopRequested) {
      this.#sendStop(reply);
    }
  }

  async #resume(reply, refusal = null) {
    if (reply.ended || !this.#isConnected) {
      return;
    }
    const connectionId = this.#connection.connectionId;
    try {
      const { status } = await this.#connection.invoke("Resume", reply.messageId, reply.cursor);
      if (status === "gone" && refusal) {
        reply.failed(refusal);
      } else if (status === "gone" && !reply.accepted) {
        this.#neverArrived(reply);
      } else if (status === "gone" || status === "forbidden") {
        reply.unavailable(status);
      } else {
        reply.resumed();
        if (reply.stopRequested) {
          await this.#sendStop(reply);
        }
      }
    } catch {
      setTimeout(() => {
        if (this.#connection.connectionId === connectionId) {
          this.#resume(reply, refusal);
        }
      }, resumeAgainAfter);
    }
  }

  // Its id keeps it from being answered twice, should it still be on its way.
  #neverArrived(reply) {
    if (reply.stopRequested) {
      reply.withdrawn();
    } else {
      this.#send(reply, true);
    }
  }

  // Before there is a sign of the reply, or without a connection, the wish is kept in `stopRequested`.
  async #sendStop(reply) {
    if (!reply.accepted || !this.#isConnected) {
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
