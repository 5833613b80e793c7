import { Conversation } from "../../Sources/ChatHub/Page/conversation.js";
import { loadHistory, saveHistory } from "../../Sources/ChatHub/Page/history.js";
import { proofOf } from "../../Sources/ChatHub/Page/proof.js";
import { Reply, ReplyState } from "../../Sources/ChatHub/Page/reply.js";
import { equal, test, until } from "./harness.js";

/** A hub connection whose calls the test answers itself. */
class FakeHub {
  state = "Connected";
  connectionId = "one";
  calls = [];
  #handlers = {};

  on(name, handler) {
    this.#handlers[name] = handler;
  }

  say(name, ...args) {
    this.#handlers[name](...args);
  }

  invoke(method, ...args) {
    return new Promise((resolve, reject) => this.calls.push({ method, args, resolve, reject }));
  }

  drop(conversation) {
    this.state = "Reconnecting";
    conversation.disconnected();
    this.calls.splice(0).forEach(({ reject }) => reject(new Error("connection lost")));
  }

  comeBack(conversation) {
    this.state = "Connected";
    this.connectionId += "+";
    conversation.connected();
  }
}

function asked(...prompts) {
  const hub = new FakeHub();
  const conversation = new Conversation(hub);
  const replies = prompts.map((prompt) => new Reply(prompt));
  replies.forEach((reply) => conversation.ask(reply));
  return { hub, conversation, replies };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test("conversation: opens questions one after the other and runs their replies side by side", () => {
  const { hub, replies: [a, b] } = asked("a", "b");
  equal(hub.calls.map(({ args }) => args), [["a"]]);
  hub.say("typing", "A", true);
  equal(hub.calls.map(({ args }) => args), [["a"], ["b"]]);
  hub.say("typing", "B", true);
  hub.say("partial", "B", "two", 1);
  hub.say("partial", "A", "one", 1);
  equal([a.messageId, a.text, b.messageId, b.text], ["A", "one", "B", "two"]);
  equal([a.state, b.state], [ReplyState.Streaming, ReplyState.Streaming]);
});

test("conversation: a question that is forgotten before its id is known is stopped, and answers no other one", () => {
  const { hub, conversation, replies: [a] } = asked("a", "never sent");
  conversation.forget();
  const b = new Reply("b");
  conversation.ask(b);
  equal(hub.calls.map(({ args }) => args), [["a"]]);
  hub.say("typing", "A", true);
  equal(hub.calls.map(({ method, args }) => [method, ...args]), [["AskAi", "a"], ["Stop", "A"], ["AskAi", "b"]]);
  hub.say("partial", "A", "old", 1);
  hub.say("typing", "B", true);
  hub.say("partial", "B", "new", 1);
  equal([a.messageId, b.messageId, b.text], ["A", "B", "new"]);
});

test("conversation: a reply that is forgotten without a connection is stopped when there is one", async () => {
  const { hub, conversation, replies: [a] } = asked("a");
  hub.say("typing", "A", true);
  hub.drop(conversation);
  await settle();
  conversation.forget();
  hub.comeBack(conversation);
  equal(hub.calls.map(({ method, args }) => [method, ...args]), [["Resume", "A", 0]]);
  hub.calls[0].resolve({ status: "resumed" });
  await settle();
  equal(hub.calls[1].method, "Stop");
  equal(a.stopRequested, true);
});

test("conversation: a refused question fails and the next one is asked", async () => {
  const { hub, replies: [a, b] } = asked("a", "b");
  hub.calls[0].reject(new Error("An unexpected error occurred invoking 'AskAi' on the server. HubException: Too long."));
  await settle();
  equal([a.state, a.problem.message, b.sent], [ReplyState.Failed, "Too long.", true]);
});

test("conversation: resumes after a drop from the last cursor, and drops text seen twice", async () => {
  const { hub, conversation, replies: [a] } = asked("a");
  hub.say("typing", "A", true);
  hub.say("partial", "A", "one ", 1);
  hub.say("partial", "A", "two ", 3);
  hub.drop(conversation);
  await settle();
  equal(a.state, ReplyState.Waiting);
  hub.comeBack(conversation);
  equal(hub.calls.map(({ method, args }) => [method, ...args]), [["Resume", "A", 3]]);
  hub.say("partial", "A", "two ", 3);
  hub.say("partial", "A", "three", 4);
  hub.calls[0].resolve({ status: "resumed" });
  hub.say("completed", "A", { finish: "stop" });
  hub.say("partial", "A", "late", 5);
  equal([a.text, a.state], ["one two three", ReplyState.Completed]);
});

test("conversation: a question lost before its id is known is reported, not repeated", async () => {
  const { hub, conversation, replies: [a] } = asked("a");
  hub.drop(conversation);
  await settle();
  equal([a.state, a.problem.code, a.problem.retryable], [ReplyState.Failed, "unknown", true]);
  hub.comeBack(conversation);
  equal(hub.calls, []);
});

test("conversation: a question typed while away is sent later, or withdrawn by Stop", async () => {
  const hub = new FakeHub();
  const conversation = new Conversation(hub);
  hub.state = "Reconnecting";
  const [a, b] = [new Reply("a"), new Reply("b")];
  conversation.ask(a);
  conversation.ask(b);
  conversation.stop(a);
  hub.comeBack(conversation);
  equal([a.state, a.sent, hub.calls.map(({ args }) => args)], [ReplyState.Stopped, false, [["b"]]]);
});

test("conversation: a stop is kept until there is an id and a connection to send it", async () => {
  const { hub, conversation, replies: [a] } = asked("a");
  conversation.stop(a);
  hub.say("typing", "A", true);
  equal(hub.calls.map(({ method, args }) => [method, ...args]), [["AskAi", "a"], ["Stop", "A"]]);
  hub.drop(conversation);
  await settle();
  hub.comeBack(conversation);
  hub.calls[0].resolve({ status: "resumed" });
  await until(() => hub.calls.length === 2);
  equal([hub.calls[1].method, ...hub.calls[1].args], ["Stop", "A"]);
  hub.calls[1].resolve({ status: "unconfirmed" });
  await settle();
  equal([a.stopRequested, a.stopNotice !== ""], [false, true]);
  hub.say("completed", "A", { finish: "stopped" });
  equal([a.state, a.stopNotice], [ReplyState.Stopped, ""]);
});

test("conversation: what is gone or forbidden is said, and the text stays", async () => {
  for (const status of ["gone", "forbidden"]) {
    const hub = new FakeHub();
    const reply = Object.assign(new Reply("a"), { messageId: "A", text: "so far", sent: true });
    new Conversation(hub).adopt(reply);
    hub.calls[0].resolve({ status });
    await settle();
    equal([reply.state, reply.problem.code, reply.text], [ReplyState.Failed, status, "so far"]);
  }
});

test("reply: begins again, and loses what a filter takes back", () => {
  const { hub, replies: [a] } = asked("a");
  hub.say("typing", "A", true);
  hub.say("partial", "A", "first text", 9);
  hub.say("restarted", "A", 2 ** 32);
  equal([a.text, a.state], ["", ReplyState.Typing]);
  hub.say("partial", "A", "second text", 2 ** 32 + 2);
  hub.say("retracted", "A", { cursor: 2 ** 32 + 2, keepUTF16: 6, keepBytes: 6, category: "x" });
  equal([a.text, a.cursor, a.notice !== ""], ["second", 2 ** 32 + 2, true]);
  hub.say("failed", "A", { code: "x", message: "y", retryable: true });
  hub.say("completed", "A", { finish: "stop" });
  equal(a.state, ReplyState.Failed);
});

test("history: keeps ended replies, takes up the others, and stays within its bounds", () => {
  const store = new Map();
  const storage = { getItem: (key) => store.get(key) ?? null, setItem: (key, value) => store.set(key, value) };
  const make = (values) => Object.assign(new Reply("p"), { sent: true }, values);
  equal(loadHistory(storage), []);
  saveHistory([
    make({ messageId: "A", text: "whole", state: "completed", cursor: 4 }),
    make({ messageId: "B", text: "half", state: "streaming", cursor: 2 }), make({}),
  ], storage);
  equal(loadHistory(storage).map(({ messageId, text, state, cursor }) => [messageId, text, state, cursor]),
    [["A", "whole", "completed", 4], ["B", "", "waiting", 0], [null, "", "failed", 0]]);
  saveHistory(Array.from({ length: 60 }, () => make({ text: "x".repeat(100_000), state: "completed" })), storage);
  equal(loadHistory(storage).length, 9);
});

test("proof: compares bytes, and lets a viewer hold more than another node's end describes", async () => {
  const sha256 = "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"; // of "é", two bytes
  equal(await proofOf("é", { finish: "stop", bytes: 2, sha256 }), "verified");
  equal(await proofOf("éé", { finish: "stop", bytes: 2, sha256 }), "mismatch");
  equal(await proofOf("éé", { bytes: 2, sha256 }), "verified");
  equal(await proofOf("e", { bytes: 2, sha256 }), "mismatch");
  equal(await proofOf("é", { finish: "stop" }), "unknown");
});
