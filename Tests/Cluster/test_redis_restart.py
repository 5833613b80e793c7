"""Redis may restart, without its data, while replies are produced: they all complete, with nothing lost or doubled."""

import asyncio

import pytest

from chat_client import ChatClient
from cluster import Cluster
from metrics import metrics
from serve import serving

CLIENTS = 100


@pytest.mark.parametrize("topology", ["cluster", "split_cluster"])
async def test_redis_restarts_in_the_middle_of_a_hundred_replies(
    topology: str, request: pytest.FixtureRequest
) -> None:
    cluster: Cluster = request.getfixturevalue(topology)
    under_way = asyncio.Barrier(CLIENTS + 1)

    async def ask() -> None:
        async with ChatClient(cluster.url()) as client:
            reply = await client.ask("chunks=100,interval=30ms,size=20")
            await reply.until(lambda reply: reply.cursor >= 5)
            await under_way.wait()
            assert not reply.has_ended
            await reply.end()
            reply.assert_whole(chunks=100)

    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(ask())
        await asyncio.wait_for(under_way.wait(), 60)
        await asyncio.to_thread(cluster.kill, "redis")
        await asyncio.to_thread(cluster.start, "redis")


async def test_replies_that_have_ended_are_not_produced_again(split_cluster: Cluster) -> None:
    """Redis has lost their logs, and their asks are young enough to have been lost before anybody took them."""
    edge, worker = (split_cluster.url(name) for name in ("edge1", "worker1"))
    async with ChatClient(edge) as client:
        reply = await client.ask("chunks=10,interval=1ms,size=20")
        await reply.end()
        assert (await reply.asked)["finish"] == "completed"
        assert len(await client.stream("StreamAi", "chunks=10,interval=1ms,size=20")) > 0
    produced = (await metrics(worker)).sum("hubbub_chunks_produced_total")
    split_cluster.kill("redis")
    split_cluster.start("redis")
    await split_cluster.until_ready("edge1")
    # Lost asks are queued again two seconds after Redis is back.
    await asyncio.sleep(3)
    assert (await metrics(worker)).sum("hubbub_chunks_produced_total") == produced
    assert "queued again" not in split_cluster.log("edge1").split("redis is away")[-1]


async def test_node_is_ready_only_with_redis(cluster: Cluster) -> None:
    assert cluster.is_ready("node1")
    cluster.stop("redis")
    async with asyncio.timeout(20):
        while cluster.is_ready("node1"):
            await asyncio.sleep(0.05)
    async with ChatClient(cluster.url("node1")) as client:
        reply = await client.ask("chunks=1,interval=1ms,size=20")
        await reply.until(lambda reply: reply.has_ended)
        assert reply.problem["code"] == "unavailable"
        assert reply.problem["retryable"] is True
        reply.assert_in_order()
    cluster.start("redis")
    async with asyncio.timeout(20):
        while not cluster.is_ready("node1"):
            await asyncio.sleep(0.05)


async def test_node_that_never_had_redis_stops_at_once() -> None:
    with serving("--port", "0", "--backplane", "redis://127.0.0.1:1") as server:
        await asyncio.sleep(0.5)
        server.terminate()
        assert await asyncio.to_thread(server.process.wait, 8) == 0


@pytest.mark.parametrize("chunks", ["chunks=5000,interval=20ms,size=20", "chunks=5000,interval=1ms,size=2000"])
async def test_node_that_is_stopped_while_redis_is_away_ends_all_the_same(cluster: Cluster, chunks: str) -> None:
    """Its replies' ends cannot be written, and one of them cannot even hand over its text."""
    redis = f"redis://127.0.0.1:{cluster.port('redis')}"
    options = ("--app", "stopped", "--model", "synthetic", "--drain-timeout", "3s")
    with serving("--port", "0", "--backplane", redis, *options) as server:
        async with ChatClient(server.url) as client:
            reply = await client.ask(chunks)
            await reply.until(lambda reply: reply.cursor >= 5)
            await asyncio.to_thread(cluster.stop, "redis")
            await asyncio.sleep(1)
            server.terminate()
            assert await asyncio.to_thread(server.process.wait, 25) == 0
