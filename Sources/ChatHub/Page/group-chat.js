// A group as the hub's events tell it: what is said, the replies to all, and who is there. No DOM.

import { HubConnectionState } from "./connection.js";
import { Reply } from "./reply.js";

const membersAgainAfter = 15_000;

export class GroupChat {
  group = "";
  userName = "";
  members = [];
  /** Own messages that the server has not confirmed, oldest first. */
  #unconfirmed = [];
  #replies = new Map();
  #cursor = "";
  #hub;
  #view;

  /** `view` is told: `said(message)`, `replied(reply)`, `membersChanged()`, `refused(text)`. */
  constructor(hub, view) {
    this.#hub = hub;
    this.#view = view;
    hub.on("NewMessage", (userName, text, info) => this.#heard(userName, text, info));
    hub.on("newMessageWithId", (name, id, text, info) => this.#replyBegan(id, text, info));
    hub.on("MemberJoined", () => this.#readMembers());
    hub.on("MemberLeft", () => this.#readMembers());
    hub.on("typing", (id, on) => this.#replies.get(id)?.typingChanged(on));
    hub.on("partial", (id, text, seq) => this.#replies.get(id)?.received(text, seq));
    hub.on("completed", (id, summary) => this.#replies.get(id)?.completed(summary));
    hub.on("failed", (id, problem) => this.#failed(id, problem));
    hub.on("restarted", (id, cursor) => this.#replies.get(id)?.restarted(cursor));
    hub.on("retracted", (id, retraction) => this.#replies.get(id)?.retracted(retraction));
    setInterval(() => this.#readMembers(), membersAgainAfter);
  }

  /** Joins now, or as soon as there is a connection; and again with each new one, for what was missed. */
  join(group, userName) {
    this.group = group;
    this.userName = userName;
    this.#cursor = "";
    this.#join();
  }

  async leave() {
    const { group } = this;
    this.group = "";
    this.#replies.clear();
    this.#unconfirmed = [];
    if (group && this.#isConnected) {
      await this.#hub.invoke("LeaveGroup").catch(() => {});
    }
  }

  say(text) {
    const message = { userName: this.userName, text, isOwn: true, isSent: false, problem: "", onchange: () => {} };
    this.#unconfirmed.push(message);
    this.#view.said(message);
    if (this.#isConnected) {
      this.#send(message);
    }
  }

  async stop(reply) {
    reply.stopAsked();
    try {
      await this.#hub.invoke("Stop", reply.messageId);
    } catch {
      reply.stopFailed("The reply could not be stopped.");
    }
  }

  connected() {
    if (this.group) {
      this.#join();
    }
  }

  disconnected() {
    for (const reply of this.#replies.values()) {
      reply.interrupted();
    }
  }

  get #isConnected() {
    return this.#hub.state === HubConnectionState.Connected;
  }

  async #join() {
    if (!this.#isConnected) {
      return;
    }
    const { group, userName } = this;
    const options = this.#cursor ? { userName, after: this.#cursor } : { userName };
    try {
      const joined = await this.#hub.invoke("JoinGroup", group, options);
      this.userName = joined.userName;
      this.#show(joined.members);
      // All that arrived has been told by now.
      this.#unconfirmed.forEach((message) => this.#send(message));
    } catch (error) {
      if (this.#isConnected && this.group === group) {
        this.#view.refused(readable(error));
      }
    }
  }

  async #send(message) {
    const { connectionId } = this.#hub;
    try {
      const { cursor } = await this.#hub.invoke("Chat", this.userName, message.text);
      this.#confirm(message);
      this.#reached(cursor);
    } catch (error) {
      // Whether it arrived is told with the history of the next join.
      if (this.#isConnected && this.#hub.connectionId === connectionId) {
        message.problem = readable(error);
        this.#confirm(message);
      }
    }
  }

  #confirm(message) {
    message.isSent = message.problem === "";
    this.#unconfirmed = this.#unconfirmed.filter((other) => other !== message);
    message.onchange();
  }

  #heard(userName, text, { cursor, at }) {
    if (!this.#reached(cursor)) {
      return;
    }
    // Said over a connection that was lost before the answer came.
    const own = userName === this.userName && this.#unconfirmed.find((message) => message.text === text);
    if (own) {
      this.#confirm(own);
    } else {
      this.#view.said({ userName, text, at, isOwn: userName === this.userName, isSent: true, problem: "" });
    }
  }

  #replyBegan(id, text, { cursor, askedBy, isOver }) {
    this.#reached(cursor);
    let reply = this.#replies.get(id);
    if (!reply) {
      reply = new Reply("");
      reply.messageId = id;
      reply.sent = reply.accepted = true;
      this.#replies.set(id, reply);
      this.#view.replied(reply, askedBy);
    }
    if (isOver && !reply.ended) {
      reply.restarted(0);
      reply.text = text;
      reply.completed({ finish: "completed" });
    } else if (!reply.ended) {
      // The whole text follows.
      reply.restarted(0);
    }
  }

  #failed(id, problem) {
    const reply = this.#replies.get(id);
    if (reply) {
      reply.failed(problem);
    } else {
      this.#view.refused(problem.message);
    }
  }

  /** Whether a place in the group's log is behind all that are known. */
  #reached(cursor) {
    const isNew = isBehind(cursor, this.#cursor);
    if (isNew) {
      this.#cursor = cursor;
    }
    return isNew;
  }

  async #readMembers() {
    if (!this.group || !this.#isConnected) {
      return;
    }
    try {
      this.#show(await this.#hub.invoke("Members"));
    } catch {
      // The next sign or turn of the clock asks again.
    }
  }

  #show(members) {
    this.members = members;
    this.#view.membersChanged();
  }
}

function isBehind(cursor, other) {
  if (!other) {
    return true;
  }
  const [epoch, seq] = cursor.split("-").map(BigInt);
  const [otherEpoch, otherSeq] = other.split("-").map(BigInt);
  return epoch === otherEpoch ? seq > otherSeq : epoch > otherEpoch;
}

function readable({ message }) {
  return message.replace(/^(?:An unexpected error occurred invoking|Failed to invoke) '[^']*'[^.]*\. ?(?:\w+: )?/, "")
    || "The server refused this.";
}
