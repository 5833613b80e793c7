// The page of the group chat: wires the connection, the group, the prompt box and the list of messages together.

import { Composer } from "./composer.js";
import { ChatConnection } from "./connection.js";
import { Follower } from "./follow.js";
import { onRendered } from "./frame.js";
import { GroupChat } from "./group-chat.js";
import "./message.js";
import { StatusView } from "./status.js";

const byId = (id) => document.getElementById(id);
const [turns, welcome, refusal, dock] = [byId("turns"), byId("welcome"), byId("refusal"), document.querySelector(".dock")];
const [userName, groupName] = [byId("user-name"), byId("group-name")];
const kept = "hubbub-group";

const follower = new Follower(byId("conversation"), byId("jump"));
const composer = new Composer(byId("composer"), (text) => {
  group.say(text);
  follower.jump();
});
const status = new StatusView(() => connection.connectNow(), announce);
const connection = new ChatConnection(new URL("groupChat", document.baseURI).href, () => {
  if (connection.status === "connected") {
    group.connected();
  } else {
    group.disconnected();
  }
  status.show(connection, []);
});
const group = new GroupChat(connection.hub, { said, replied, membersChanged, refused });

function said(message) {
  const item = turn(message.isOwn ? "" : message.userName);
  const text = document.createElement("p");
  text.className = message.isOwn ? "prompt" : "said";
  text.textContent = message.text;
  item.classList.toggle("own", message.isOwn);
  item.append(text);
  message.onchange = () => {
    text.classList.toggle("unsent", !message.isSent);
    if (message.problem) {
      const problem = document.createElement("p");
      problem.className = "problem";
      problem.textContent = message.problem;
      item.append(problem);
    }
  };
  message.onchange();
  if (!message.isOwn) {
    announce(`${message.userName}: ${message.text}`);
  }
  follower.grown();
}

function replied(reply, askedBy) {
  const item = turn(`ChatGPT to ${askedBy}`);
  const message = document.createElement("hub-message");
  item.append(message);
  message.reply = reply;
  reply.onchange = () => message.changed();
  follower.grown();
}

function turn(who) {
  const item = document.createElement("li");
  if (who) {
    const name = document.createElement("span");
    name.className = "who";
    name.textContent = who;
    item.append(name);
  }
  turns.append(item);
  return item;
}

function membersChanged() {
  const { members } = group;
  byId("members").textContent = members.join(", ");
  byId("members").title = `${members.length} here`;
  refusal.hidden = true;
}

function refused(text) {
  refusal.textContent = text;
  refusal.hidden = false;
  announce(text);
  if (turns.childElementCount === 0) {
    leave();
  }
}

function join() {
  welcome.hidden = true;
  dock.hidden = byId("members").hidden = byId("leave").hidden = false;
  byId("title").textContent = groupName.value;
  document.title = `${groupName.value} · Hubbub`;
  group.join(groupName.value, userName.value);
  composer.focus();
}

function leave() {
  group.leave();
  sessionStorage.removeItem(kept);
  turns.replaceChildren();
  welcome.hidden = false;
  dock.hidden = byId("members").hidden = byId("leave").hidden = true;
  byId("title").textContent = "Group chat";
  userName.focus();
}

function announce(text) {
  byId("announcer").textContent = text;
}

byId("join").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(kept, JSON.stringify([userName.value, groupName.value]));
  join();
});

byId("leave").addEventListener("click", leave);

turns.addEventListener("hub-message", ({ detail: { wish, message } }) => {
  if (wish === "stop") {
    group.stop(message.reply);
  } else if (wish === "focus-lost") {
    composer.focus();
  }
});

onRendered(() => follower.grown());

const earlier = JSON.parse(sessionStorage.getItem(kept) ?? "null");
if (earlier) {
  [userName.value, groupName.value] = earlier;
  join();
}
connection.start();
