"""Workers that are killed or frozen, and a Redis that is, while replies are produced."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from chat_client import ChatClient
from cluster import Cluster
from reply import Reply

FOR_EVER = "chunks=1000000,interval=20ms,size=20"


def assert_ends_as_lost(reply: Reply) -> None:
    """The end describes the text in the log; a viewer may have more, and keeps it."""
    reply.assert_in_order()
    assert reply.problem["code"] == "producer_lost"
    assert reply.problem["retryable"] is True
    text = reply.text.encode()[: reply.problem["bytes"]]
    assert len(text) == reply.problem["bytes"]
    assert hashlib.sha256(text).hexdigest() == reply.problem["sha256"]
    numbers = reply.chunk_numbers()
    assert numbers == list(range(1, len(numbers) + 1))


async def test_killed_worker_ends_its_replies_for_all_viewers_within_five_seconds(split_cluster: Cluster) -> None:
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(ChatClient(split_cluster.url(edge))) for edge in ("edge1", "edge2")
        ]
        replies: list[Reply] = []
        for asking, viewing in [clients, reversed(clients)]:
            for _ in range(20):
                reply = await asking.ask(FOR_EVER)
                view = Reply(reply.message_id)
                viewing.replies[reply.message_id] = view
                await viewing.invoke("Resume", reply.message_id, 0)
                replies += [reply, view]
        for reply in replies:
            await reply.until(lambda reply: reply.cursor >= 10)

        killed = time.monotonic()
        split_cluster.kill("worker1")
        async with asyncio.timeout(5):
            for reply in replies:
                await reply.until(lambda reply: reply.has_ended)
        assert time.monotonic() - killed < 5

        await asyncio.sleep(1)
        for reply in replies:
            # A viewer that resumed was not told that somebody began to type.
            reply.events = ["typing true", *(event for event in reply.events if event != "typing true")]
            assert_ends_as_lost(reply)


async def test_reply_whose_viewers_have_vanished_gets_its_end_when_it_is_resumed(split_cluster: Cluster) -> None:
    async with ChatClient(split_cluster.url("edge1")) as client:
        reply = await client.ask(FOR_EVER)
        await reply.until(lambda reply: reply.cursor >= 10)
        await client.cut()
    split_cluster.kill("worker1")
    again = Reply(reply.message_id)
    async with ChatClient(split_cluster.url("edge2"), again) as client:
        assert (await client.invoke("Resume", reply.message_id, 0))["status"] == "resumed"
        await again.until(lambda reply: reply.has_ended, timeout=10)
        assert again.problem["code"] == "producer_lost"
        assert (await client.invoke("Stop", reply.message_id))["status"] == "alreadyEnded"


async def test_frozen_worker_is_fenced_off_when_it_wakes(split_cluster: Cluster) -> None:
    async with ChatClient(split_cluster.url("edge1")) as one, ChatClient(split_cluster.url("edge2")) as two:
        reply = await one.ask(FOR_EVER)
        view = Reply(reply.message_id)
        two.replies[reply.message_id] = view
        await two.invoke("Resume", reply.message_id, 0)
        await view.until(lambda reply: reply.cursor >= 10)
        split_cluster.freeze("worker1")
        try:
            await asyncio.sleep(20)
            assert reply.has_ended and view.has_ended
            texts = [reply.text, view.text]
        finally:
            split_cluster.thaw("worker1")
        await split_cluster.until_ready("worker1")
        await asyncio.sleep(2)
        assert [reply.text, view.text] == texts
        assert_ends_as_lost(reply)
        late = Reply(reply.message_id)
        two.replies[reply.message_id] = late
        assert (await two.invoke("Resume", reply.message_id, 0))["status"] == "ended"
        await late.until(lambda reply: reply.has_ended)
        assert late.problem == reply.problem
        assert late.text == reply.text[: len(late.text)]
        # The worker is as good as new.
        reply = await one.ask("chunks=10,interval=1ms,size=20")
        await reply.end()
        reply.assert_whole(chunks=10)


async def test_frozen_home_shows_nothing_more_of_a_reply_that_others_have_ended(cluster: Cluster) -> None:
    async with ChatClient(cluster.url("node1")) as home, ChatClient(cluster.url("node2")) as other:
        reply = await home.ask(FOR_EVER)
        view = Reply(reply.message_id)
        other.replies[reply.message_id] = view
        await other.invoke("Resume", reply.message_id, 0)
        await view.until(lambda reply: reply.cursor >= 10)
        cluster.freeze("node1")
        try:
            await view.until(lambda reply: reply.has_ended, timeout=10)
        finally:
            cluster.thaw("node1")
        await reply.until(lambda reply: reply.has_ended, timeout=10)
        assert_ends_as_lost(reply)
        assert reply.problem == view.problem
        # What was on its way when the node froze, and no more.
        assert len(reply.chunk_numbers()) <= reply.problem["chunks"] + 5


async def test_ask_whose_worker_is_killed_before_any_text_is_answered_by_another(two_workers: Cluster) -> None:
    """Its caller notices nothing."""
    async with ChatClient(two_workers.url("edge1")) as client:
        reply = await client.ask("chunks=2,interval=6s,size=20")
        async with asyncio.timeout(5):
            while not (worker := worker_with_an_ask(two_workers)):
                await asyncio.sleep(0.05)
        two_workers.kill(worker)
        await reply.end()
        reply.assert_in_order()
        reply.assert_whole(chunks=2)
        assert worker_with_an_ask(two_workers) is None


def worker_with_an_ask(cluster: Cluster) -> str | None:
    pending = cluster.redis("XPENDING", "hubbub:hubbub:{asks}", "hubbub").split()
    holding = [name for name in cluster.nodes if len(pending) > 3 and pending[3] in cluster.log(name)]
    return holding[0] if holding else None


@pytest.mark.parametrize("topology", ["cluster", "split_cluster"])
async def test_frozen_redis_makes_nobody_dead(topology: str, request: pytest.FixtureRequest) -> None:
    def freeze(cluster: Cluster) -> None:
        cluster.freeze("redis")
        time.sleep(6)
        cluster.thaw("redis")

    await lives_through(freeze, request.getfixturevalue(topology))


@pytest.mark.parametrize("topology", ["cluster", "split_cluster"])
async def test_redis_that_is_gone_for_long_makes_nobody_dead(
    topology: str, request: pytest.FixtureRequest
) -> None:
    def restart(cluster: Cluster) -> None:
        cluster.kill("redis")
        time.sleep(6)
        cluster.start("redis")

    await lives_through(restart, request.getfixturevalue(topology))


async def lives_through(trouble: Callable[[Cluster], None], cluster: Cluster) -> None:
    """Replies that are under way complete, with nothing lost or doubled."""
    logged = {node: len(cluster.log(node)) for node in cluster.nodes}
    clients = 30
    under_way = asyncio.Barrier(clients + 1)

    async def ask(edge: str) -> None:
        async with ChatClient(cluster.url(edge)) as client:
            reply = await client.ask("chunks=300,interval=30ms,size=20")
            await reply.until(lambda reply: reply.cursor >= 5)
            await under_way.wait()
            assert not reply.has_ended
            await reply.end()
            reply.assert_in_order()
            reply.assert_whole(chunks=300)

    async with asyncio.TaskGroup() as asking:
        for number in range(clients):
            asking.create_task(ask(cluster.edges[number % len(cluster.edges)]))
        await asyncio.wait_for(under_way.wait(), 60)
        await asyncio.to_thread(trouble, cluster)
    for node in cluster.nodes:
        assert "judged dead" not in cluster.log(node)[logged[node] :]
