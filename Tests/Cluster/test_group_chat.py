"""The group chat, its members at different nodes: messages, history, presence, and replies that all see."""

import asyncio
from collections.abc import Iterator

import pytest

from chat_client import ChatClient, HubError
from cluster import Cluster
from conftest import started
from reply import Reply
from serve import serving

HUB = "groupChat"
# Two seconds.
CHUNKS = 100


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    yield from started(
        "group-chat", "--nodes", "3", options=("--synthetic", f"chunks={CHUNKS},interval=20ms,size=8"))


class Member(ChatClient):
    """A client that joins with options, or, as ASP.NET's sample does, without."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url, hub=HUB)
        self.name = name
        self.said: list[list] = []
        self.whole: list[list] = []
        self.presence: list[str] = []
        self._news = asyncio.Event()
        self.signalr.on("NewMessage", self._hear(self.said))
        self.signalr.on("newMessageWithId", self._hear(self.whole))
        for event in ("MemberJoined", "MemberLeft"):
            self.signalr.on(event, self._note(event))

    def _hear(self, heard: list[list]):
        async def take(arguments: list) -> None:
            heard.append(arguments)
            self._news.set()

        return take

    def _note(self, event: str):
        async def take(arguments: list) -> None:
            self.presence.append(f"{event} {arguments[0]}")
            self._news.set()

        return take

    async def join(self, group: str, **options: str) -> dict:
        return await self.invoke("JoinGroup", group, {"userName": self.name, **options})

    async def chat(self, message: str) -> dict:
        return await self.invoke("Chat", self.name, message)

    async def until(self, condition) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def texts(self) -> list[tuple[str, str]]:
        return [(name, text) for name, text, *_ in self.said]

    async def reply(self, message_id: str) -> Reply:
        async with asyncio.timeout(20):
            while message_id not in self.replies:
                await asyncio.sleep(0.01)
        return self.replies[message_id]


async def test_client_of_the_sample_works_as_it_is(cluster: Cluster) -> None:
    async with Member(cluster.url("node1"), "ann") as ann, Member(cluster.url("node2"), "bob") as bob:
        for member in (ann, bob):
            await member.invoke("JoinGroup", "sample")
        await ann.chat("hello")
        await bob.until(lambda: bob.said)
        assert bob.said == [["ann", "hello"]] and ann.said == []
        await bob.chat("what do you think, @GPT?")
        for member in (ann, bob):
            await member.until(lambda member=member: len(member.whole) > 2)
            [reply] = member.replies.values()
            await reply.end()
            reply.assert_in_order()
            reply.assert_whole()
            await member.until(lambda member=member, reply=reply: member.whole[-1][2] == reply.text)
            assert {(name, message_id) for name, message_id, _ in member.whole} == {("ChatGPT", reply.message_id)}
            texts = [text for _, _, text in member.whole]
            assert all(later.startswith(text) for text, later in zip(texts, texts[1:]))
        assert ann.said == [["bob", "what do you think, @GPT?"]]


async def test_late_joiner_has_the_text_so_far_then_the_rest(cluster: Cluster) -> None:
    async with Member(cluster.url("node1"), "ann") as ann, Member(cluster.url("node2"), "bob") as bob:
        await ann.join("late")
        first = await ann.chat("hello")
        answered = await ann.chat("@gpt tell us")
        reply = await ann.reply(answered["messageId"])
        await reply.until(lambda reply: len(reply.text) > 200)
        joined = await bob.join("late")
        assert joined["members"] == ["ann", "bob"]
        seen = await bob.reply(answered["messageId"])
        for one in (reply, seen):
            await one.end()
            one.assert_in_order()
            one.assert_whole()
        assert bob.texts() == [("ann", "hello"), ("ann", "@gpt tell us")]
        assert [info["cursor"] for _, _, info in bob.said] == [first["cursor"], answered["cursor"]]
        assert bob.whole[0][:3] == ["ChatGPT", reply.message_id, ""]
    async with Member(cluster.url("node3"), "cid") as cid:
        await cid.join("late")
        assert cid.whole == [["ChatGPT", reply.message_id, reply.text, cid.whole[0][3]]]
        assert cid.whole[0][3]["isOver"] is True and cid.whole[0][3]["askedBy"] == "ann"


async def test_replies_run_side_by_side_and_anybody_in_the_group_stops_them(cluster: Cluster) -> None:
    async with Member(cluster.url("node1"), "ann") as ann, Member(cluster.url("node2"), "bob") as bob:
        await ann.join("two")
        await bob.join("two")
        ids = [(await member.chat("@gpt go"))["messageId"] for member in (ann, bob)]
        assert len(set(ids)) == 2
        replies = [await member.reply(message_id) for member in (ann, bob) for message_id in ids]
        for reply in replies:
            await reply.until(lambda reply: len(reply.text) > 40)
        assert (await bob.invoke("Stop", ids[0]))["status"] == "stopped"
        for reply in replies:
            summary = await reply.end()
            assert summary["finish"] == ("stopped" if reply.message_id == ids[0] else "completed")
            reply.assert_whole()


async def test_messages_of_many_writers_come_to_all_in_one_order(cluster: Cluster) -> None:
    members = [Member(cluster.url(f"node{1 + index % 3}"), f"member{index}") for index in range(6)]
    try:
        for member in members:
            await member.__aenter__()
            await member.join("order")
        count = 10

        async def say(member: Member) -> None:
            for number in range(count):
                await member.chat(f"{number}")

        await asyncio.gather(*map(say, members))
        async with Member(cluster.url("node1"), "late") as late:
            await late.join("order")
            everything = late.texts()
            assert len(everything) == len(members) * count
            for member in members:
                await member.until(lambda member=member: len(member.said) == (len(members) - 1) * count)
                assert member.texts() == [said for said in everything if said[0] != member.name]
    finally:
        for member in members:
            await member.__aexit__()


async def test_who_comes_back_is_told_what_was_missed(cluster: Cluster) -> None:
    async with Member(cluster.url("node2"), "bob") as bob:
        await bob.join("back")
        async with Member(cluster.url("node1"), "ann") as ann:
            await ann.join("back")
            await bob.chat("one")
            await ann.until(lambda: ann.said)
            cursor = ann.said[-1][2]["cursor"]
            await ann.cut()
        await bob.chat("two")
        async with Member(cluster.url("node3"), "ann") as ann:
            await ann.join("back", after=cursor)
            assert ann.texts() == [("bob", "two")]


async def test_presence_is_right_also_when_a_node_is_killed(cluster: Cluster) -> None:
    async with Member(cluster.url("node2"), "bob") as bob:
        await bob.join("there")
        async with Member(cluster.url("node1"), "ann") as ann:
            await ann.join("there")
            await bob.until(lambda: bob.presence == ["MemberJoined ann"])
            assert await bob.invoke("Members") == ["ann", "bob"]
        await bob.until(lambda: bob.presence == ["MemberJoined ann", "MemberLeft ann"])
        async with Member(cluster.url("node1"), "cid") as cid:
            await cid.join("there")
            await cid.invoke("LeaveGroup")
            assert await bob.invoke("Members") == ["bob"]
            await cid.join("there")
            cluster.kill("node1")
            async with asyncio.timeout(15):
                while await bob.invoke("Members") != ["bob"]:
                    await asyncio.sleep(0.2)
    cluster.heal()


async def test_group_outlives_a_redis_that_comes_back_empty(cluster: Cluster) -> None:
    async with Member(cluster.url("node1"), "ann") as ann, Member(cluster.url("node2"), "bob") as bob:
        await ann.join("empty")
        await bob.join("empty")
        await ann.chat("before")
        await bob.until(lambda: len(bob.said) == 1)
        await asyncio.to_thread(cluster.stop, "redis")
        await asyncio.to_thread(cluster.start, "redis")
        for node in ("node1", "node2"):
            await cluster.until_ready(node)
        await ann.chat("after")
        await bob.until(lambda: len(bob.said) == 2)
        assert bob.texts() == [("ann", "before"), ("ann", "after")]


async def test_bad_input_is_told() -> None:
    with serving("--port", "0", "--model", "echo", "--maximum-prompt-bytes", "10") as server:
        async with Member(server.url, "ann") as ann:
            for call, error in [
                (ann.chat("hello"), "Join a group first."),
                (ann.invoke("Members"), "Join a group first."),
                (ann.join(""), "The group name is not one: it takes 1 to 64 characters."),
                (ann.join("g" * 65), "The group name is not one: it takes 1 to 64 characters."),
                (ann.join("g", userName=" "), "The user name is not one: it takes 1 to 64 characters."),
                (ann.join("g", after="soon"), "The cursor is not one."),
            ]:
                with pytest.raises(HubError, match=error):
                    await call
            await ann.join("g")
            for message, error in [(" ", "The message is empty."), ("x" * 11, "The message is longer than 10 bytes.")]:
                with pytest.raises(HubError, match=error):
                    await ann.chat(message)
            answered = await ann.chat("@gpt hi")
            reply = await ann.reply(answered["messageId"])
            await reply.end()
            assert reply.text == "You said: ann: hi"
