import { Conversation } from "../../Sources/ChatHub/Page/conversation.js";
import { loadHistory, saveHistory } from "../../Sources/ChatHub/Page/history.js";
import { proofOf } from "../../Sources/ChatHub/Page/proof.js";
import { Reply, ReplyState } from "../../Sources/ChatHub/Page/reply.js";
import { FakeHub } from "./fakehub.js";
import { equal, test, until } from "./harness.js";

test("a question is of its conversation, also after a reload", () => {
  const hub = new FakeHub();
  new Conversation(hub).ask(new Reply("hello", "talk"));
  equal(hub.calls[0].args[1].conversationId, "talk");
  const kept = {};
  const storage = { setItem: (key, value) => { kept[key] = value; }, getItem: (key) => kept[key] ?? null };
  saveHistory([new Reply("hello", "talk")], storage);
  equal(loadHistory(storage)[0].conversationId, "talk");
});

function asked(...prompts) {
  const hub = new FakeHub();
  const conversation = new Conversation(hub);
  const replies = prompts.map((prompt) => new Reply(prompt));
  replies.forEach((reply) => conversation.ask(reply));
  return { hub, conversation, replies };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
const said = (hub) => hub.calls.map(({ method, args }) => [method, ...args]);
const asks = (reply) => ["AskAi", reply.prompt, { messageId: reply.messageId }];

test("conversation: asks under ids of its own, and replies run side by side", () => {
  const { hub, replies: [a, b] } = asked("a", "b");
  equal(said(hub), [asks(a), asks(b)]);
  equal([/^[0-9a-f]{32}$/.test(a.messageId), a.messageId === b.messageId], [true, false]);
  hub.say("typing", b.messageId, true);
  hub.say("partial", b.messageId, "two", 1);
  equal([a.state, a.accepted, b.state, b.text], [ReplyState.Waiting, false, ReplyState.Streaming, "two"]);
  hub.say("typing", a.messageId, true);
  hub.say("partial", a.messageId, "one", 1);
  equal([a.text, b.text], ["one", "two"]);
});

test("conversation: a reply that a backend begins meanwhile answers no question", () => {
  const { hub, replies: [a] } = asked("a");
  hub.say("typing", "fed", true);
  hub.say("partial", "fed", "news", 1);
  hub.say("completed", "fed", { finish: "completed" });
  equal([a.state, a.accepted, a.text], [ReplyState.Waiting, false, ""]);
  hub.say("typing", a.messageId, true);
  hub.say("partial", a.messageId, "answer", 1);
  equal(a.text, "answer");
});

test("conversation: a question that is forgotten before it is accepted is stopped as soon as it is", () => {
  const { hub, conversation, replies: [a] } = asked("a");
  conversation.forget();
  const b = new Reply("b");
  conversation.ask(b);
  equal(said(hub), [asks(a), asks(b)]);
  hub.say("typing", a.messageId, true);
  equal(said(hub), [asks(a), asks(b), ["Stop", a.messageId]]);
  hub.say("partial", a.messageId, "old", 1);
  hub.say("typing", b.messageId, true);
  hub.say("partial", b.messageId, "new", 1);
  equal(b.text, "new");
});

test("conversation: a reply that is forgotten without a connection is stopped when there is one", async () => {
  const { hub, conversation, replies: [a] } = asked("a");
  hub.say("typing", a.messageId, true);
  hub.drop(conversation);
  await settle();
  conversation.forget();
  hub.comeBack(conversation);
  equal(said(hub), [["Resume", a.messageId, 0]]);
  hub.calls[0].resolve({ status: "resumed" });
  await settle();
  equal(hub.calls[1].method, "Stop");
  equal(a.stopRequested, true);
});

test("conversation: a refused question fails", async () => {
  const { hub, replies: [a, b] } = asked("a", "b");
  hub.calls[0].reject(new Error("An unexpected error occurred invoking 'AskAi' on the server. HubException: Too long."));
  await settle();
  equal([a.state, a.problem.message, b.state], [ReplyState.Failed, "Too long.", ReplyState.Waiting]);
});

test("conversation: resumes after a drop from the last cursor, and drops text seen twice", async () => {
  const { hub, conversation, replies: [a] } = asked("a");
  hub.say("typing", a.messageId, true);
  hub.say("partial", a.messageId, "one ", 1);
  hub.say("partial", a.messageId, "two ", 3);
  hub.drop(conversation);
  await settle();
  equal(a.state, ReplyState.Waiting);
  hub.comeBack(conversation);
  equal(said(hub), [["Resume", a.messageId, 3]]);
  hub.say("partial", a.messageId, "two ", 3);
  hub.say("partial", a.messageId, "three", 4);
  hub.calls[0].resolve({ status: "resumed" });
  hub.say("completed", a.messageId, { finish: "stop" });
  hub.say("partial", a.messageId, "late", 5);
  equal([a.text, a.state], ["one two three", ReplyState.Completed]);
});

test("conversation: a question whose answer was lost is found by its id, or asked again where it never arrived", async () => {
  const { hub, conversation, replies: [a, b] } = asked("a", "b");
  hub.drop(conversation);
  await settle();
  hub.comeBack(conversation);
  equal(said(hub), [["Resume", a.messageId, 0], ["Resume", b.messageId, 0]]);
  const [found, lost] = hub.calls.splice(0);
  found.resolve({ status: "resumed" });
  lost.resolve({ status: "gone" });
  await settle();
  equal([a.state, said(hub)], [ReplyState.Typing, [asks(b)]]);
  hub.say("typing", b.messageId, true);
  equal(b.accepted, true);
});

test("conversation: a question that is asked again and was on its way is read, and one that is refused again fails", async () => {
  for (const [status, state] of [["resumed", ReplyState.Typing], ["gone", ReplyState.Failed]]) {
    const { hub, conversation, replies: [a] } = asked("a");
    hub.drop(conversation);
    await settle();
    hub.comeBack(conversation);
    hub.calls.shift().resolve({ status: "gone" });
    await settle();
    hub.calls.shift().reject(new Error("refused"));
    await settle();
    equal(said(hub), [["Resume", a.messageId, 0]]);
    hub.calls.shift().resolve({ status });
    await settle();
    equal([a.state, said(hub)], [state, []]);
  }
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
  equal([a.state, a.sent, said(hub)], [ReplyState.Stopped, false, [asks(b)]]);
});

test("conversation: a question that is stopped and never arrived is withdrawn", async () => {
  const { hub, conversation, replies: [a] } = asked("a");
  conversation.stop(a);
  hub.drop(conversation);
  await settle();
  hub.comeBack(conversation);
  hub.calls.shift().resolve({ status: "gone" });
  await settle();
  equal([a.state, said(hub)], [ReplyState.Stopped, []]);
});

test("conversation: a stop is kept until the reply is accepted and there is a connection to send it", async () => {
  const { hub, conversation, replies: [a] } = asked("a");
  conversation.stop(a);
  equal(said(hub), [asks(a)]);
  hub.say("typing", a.messageId, true);
  equal(said(hub), [asks(a), ["Stop", a.messageId]]);
  hub.drop(conversation);
  await settle();
  hub.comeBack(conversation);
  hub.calls[0].resolve({ status: "resumed" });
  await until(() => hub.calls.length === 2);
  equal([hub.calls[1].method, ...hub.calls[1].args], ["Stop", a.messageId]);
  hub.calls[1].resolve({ status: "unconfirmed" });
  await settle();
  equal([a.stopRequested, a.stopNotice !== ""], [false, true]);
  hub.say("completed", a.messageId, { finish: "stopped" });
  equal([a.state, a.stopNotice], [ReplyState.Stopped, ""]);
});

test("conversation: what is gone or forbidden is said, and the text stays", async () => {
  for (const status of ["gone", "forbidden"]) {
    const hub = new FakeHub();
    const reply = Object.assign(new Reply("a"), { messageId: "A", text: "so far", sent: true, accepted: true });
    new Conversation(hub).adopt(reply);
    hub.calls[0].resolve({ status });
    await settle();
    equal([reply.state, reply.problem.code, reply.text], [ReplyState.Failed, status, "so far"]);
  }
});

test("reply: begins again, and loses what a filter takes back", () => {
  const { hub, replies: [a] } = asked("a");
  hub.say("typing", a.messageId, true);
  hub.say("partial", a.messageId, "first text", 9);
  hub.say("restarted", a.messageId, 2 ** 32);
  equal([a.text, a.state], ["", ReplyState.Typing]);
  hub.say("partial", a.messageId, "second text", 2 ** 32 + 2);
  hub.say("retracted", a.messageId, { cursor: 2 ** 32 + 2, keepUTF16: 6, keepBytes: 6, category: "x" });
  equal([a.text, a.cursor, a.notice !== ""], ["second", 2 ** 32 + 2, true]);
  hub.say("retracted", a.messageId, { cursor: 2 ** 32 + 3, keepUTF16: 3, keepBytes: 3, category: "x", replacement: "…" });
  equal([a.text, a.cursor], ["sec…", 2 ** 32 + 3]);
  hub.say("failed", a.messageId, { code: "x", message: "y", retryable: true });
  hub.say("completed", a.messageId, { finish: "stop" });
  equal(a.state, ReplyState.Failed);
});

test("history: keeps ended replies, takes up the others, and stays within its bounds", () => {
  const store = new Map();
  const storage = { getItem: (key) => store.get(key) ?? null, setItem: (key, value) => store.set(key, value) };
  const make = (values) => Object.assign(new Reply("p"), { sent: true }, values);
  equal(loadHistory(storage), []);
  saveHistory([
    make({ messageId: "A", text: "whole", state: "completed", cursor: 4 }),
    make({ messageId: "B", text: "half", state: "streaming", cursor: 2, accepted: true }), make({ messageId: "C" }),
  ], storage);
  equal(loadHistory(storage).map(({ messageId, text, state, cursor, accepted }) => [messageId, text, state, cursor, accepted]),
    [["A", "whole", "completed", 4, false], ["B", "", "waiting", 0, true], ["C", "", "waiting", 0, false]]);
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
