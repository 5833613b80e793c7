// The page: wires the connection, the conversation, the prompt box and the list of turns together.

import { Composer } from "./composer.js";
import { ChatConnection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { Follower } from "./follow.js";
import { onRendered } from "./frame.js";
import { loadHistory, saveHistory } from "./history.js";
import "./message.js";
import { newId, Reply, ReplyState } from "./reply.js";
import { StatusView } from "./status.js";

const turns = document.getElementById("turns");
const welcome = document.getElementById("welcome");
const newChat = document.getElementById("new-chat");
const stopButton = document.getElementById("stop");
const announcer = document.getElementById("announcer");

const follower = new Follower(document.getElementById("conversation"), document.getElementById("jump"));
const composer = new Composer(document.getElementById("composer"), ask);
const status = new StatusView(() => connection.connectNow(), announce);
const connection = new ChatConnection(new URL("chat", document.baseURI).href, connectionChanged);
const conversation = new Conversation(connection.hub);

let conversationId = newId();

const announcements = {
  [ReplyState.Typing]: "Reply started",
  [ReplyState.Completed]: "Reply completed",
  [ReplyState.Stopped]: "Reply stopped",
  [ReplyState.Failed]: "Reply failed",
};

function ask(prompt) {
  const reply = new Reply(prompt, conversationId);
  addTurn(reply);
  conversation.ask(reply);
  follower.jump();
}

function retry(message) {
  const reply = new Reply(message.reply.prompt, message.reply.conversationId);
  show(reply, message);
  conversation.ask(reply);
  composer.focus();
}

function stopLatest() {
  const latest = unended().at(-1);
  if (latest) {
    conversation.stop(latest);
  }
}

function addTurn(reply) {
  const turn = document.createElement("li");
  const prompt = document.createElement("p");
  prompt.className = "prompt";
  prompt.textContent = reply.prompt;
  const who = document.createElement("span");
  who.className = "visually-hidden";
  who.textContent = "You: ";
  prompt.prepend(who);
  const message = document.createElement("hub-message");
  turn.append(prompt, message);
  turns.append(turn);
  show(reply, message);
}

function show(reply, message) {
  let shown = { state: reply.state, accepted: reply.accepted };
  message.reply = reply;
  reply.onchange = () => {
    message.changed();
    if (reply.state !== shown.state || reply.accepted !== shown.accepted) {
      announceState(shown.state, reply);
      shown = { state: reply.state, accepted: reply.accepted };
      repliesChanged();
    }
  };
  repliesChanged();
}

function announceState(before, { state, problem }) {
  const resumed = before === ReplyState.Waiting && state === ReplyState.Streaming;
  const text = resumed ? "Reply resumed" : announcements[state];
  if (text) {
    announce(problem ? `${text}: ${problem.message}` : text);
  }
}

function repliesChanged() {
  const all = replies();
  saveHistory(all);
  welcome.hidden = all.length > 0;
  newChat.disabled = all.length === 0;
  const focused = document.activeElement === stopButton;
  stopButton.hidden = unended().length === 0;
  if (focused && stopButton.hidden) {
    composer.focus();
  }
  status.show(connection, waiting());
}

function connectionChanged() {
  if (connection.status === "connected") {
    conversation.connected();
  } else {
    conversation.disconnected();
  }
  status.show(connection, waiting());
}

function replies() {
  return Array.from(turns.querySelectorAll("hub-message"), (message) => message.reply);
}

function unended() {
  return replies().filter((reply) => !reply.ended);
}

function waiting() {
  return replies().filter((reply) => reply.state === ReplyState.Waiting && reply.accepted);
}

function announce(text) {
  announcer.textContent = text;
}

turns.addEventListener("hub-message", ({ detail: { wish, message } }) => {
  switch (wish) {
    case "stop":
      conversation.stop(message.reply);
      break;
    case "retry":
      retry(message);
      break;
    case "edit":
      composer.edit(message.reply.prompt);
      break;
    case "focus-lost":
      composer.focus();
      break;
  }
});

stopButton.addEventListener("click", stopLatest);

newChat.addEventListener("click", () => {
  conversation.forget();
  conversationId = newId();
  turns.replaceChildren();
  repliesChanged();
  composer.focus();
});

welcome.addEventListener("click", ({ target }) => {
  if (target.matches("button")) {
    ask(target.textContent);
    composer.focus();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) {
    stopLatest();
  }
});

onRendered(() => follower.grown());

for (const reply of loadHistory()) {
  conversationId = reply.conversationId ?? conversationId;
  addTurn(reply);
  if (!reply.ended) {
    conversation.adopt(reply);
  }
}
repliesChanged();
connection.start();
