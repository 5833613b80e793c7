import { GroupChat } from "../../Sources/ChatHub/Page/group-chat.js";
import { ReplyState } from "../../Sources/ChatHub/Page/reply.js";
import { FakeHub } from "./fakehub.js";
import { equal, test, until } from "./harness.js";

function joined() {
  const hub = new FakeHub();
  const seen = { said: [], replies: [], refused: [] };
  const group = new GroupChat(hub, {
    said: (message) => seen.said.push(message), replied: (reply) => seen.replies.push(reply),
    membersChanged: () => {}, refused: (text) => seen.refused.push(text),
  });
  group.join("trip", "Ann");
  return { hub, group, seen };
}

const answerJoin = (hub) => hub.calls.shift().resolve({ groupName: "trip", userName: "Ann", members: ["Ann"] });

test("a group is joined again after the last message that was heard", async () => {
  const { hub, group, seen } = joined();
  equal(hub.calls[0].args, ["trip", { userName: "Ann" }]);
  answerJoin(hub);
  hub.say("NewMessage", "Bob", "one", { cursor: "5-9", at: 1 });
  hub.say("NewMessage", "Bob", "two", { cursor: "5-10", at: 1 });
  hub.say("NewMessage", "Bob", "one", { cursor: "5-9", at: 1 });
  hub.drop(group);
  hub.comeBack(group);
  equal(hub.calls[0].args, ["trip", { userName: "Ann", after: "5-10" }]);
  equal(seen.said.map(({ text }) => text), ["one", "two"]);
});

test("a message whose answer was lost is sent again only where it did not arrive", async () => {
  const { hub, group, seen } = joined();
  answerJoin(hub);
  await until(() => group.members.length === 1);
  group.say("arrived");
  group.say("lost");
  equal(hub.calls.map(({ args }) => args), [["Ann", "arrived"], ["Ann", "lost"]]);
  hub.drop(group);
  hub.comeBack(group);
  hub.say("NewMessage", "Ann", "arrived", { cursor: "5-1", at: 1 });
  answerJoin(hub);
  await until(() => hub.calls.length === 1);
  equal(hub.calls[0].args, ["Ann", "lost"]);
  hub.calls.shift().resolve({ cursor: "5-2" });
  await until(() => seen.said.every(({ isSent }) => isSent));
  equal(seen.said.map(({ text }) => text), ["arrived", "lost"]);
});

test("a reply that is told from its beginning again has its text once", () => {
  const { hub, group, seen } = joined();
  answerJoin(hub);
  hub.say("newMessageWithId", "ChatGPT", "a", "", { cursor: "5-1", at: 1, askedBy: "Bob", isOver: false });
  hub.say("partial", "a", "one ", 1);
  hub.drop(group);
  hub.comeBack(group);
  hub.say("newMessageWithId", "ChatGPT", "a", "", { cursor: "5-1", at: 1, askedBy: "Bob", isOver: false });
  hub.say("partial", "a", "one two ", 2);
  hub.say("completed", "a", { finish: "completed" });
  hub.say("newMessageWithId", "ChatGPT", "b", "done", { cursor: "5-2", at: 1, askedBy: "Bob", isOver: true });
  equal(seen.replies.map(({ text, state }) => [text, state]),
    [["one two ", ReplyState.Completed], ["done", ReplyState.Completed]]);
});

test("a message that is refused says why", async () => {
  const { hub, group, seen } = joined();
  answerJoin(hub);
  group.say(" x ");
  hub.calls.at(-1).reject(new Error("HubException: The message is longer than 10 bytes."));
  await until(() => seen.said[0].problem);
  equal(seen.said[0].isSent, false);
});
