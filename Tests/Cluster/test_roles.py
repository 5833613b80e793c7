"""Edges take connections, workers produce replies."""

import asyncio

from chat_client import ChatClient
from cluster import Cluster


async def test_worker_produces_what_edges_are_asked(split_cluster: Cluster) -> None:
    async with ChatClient(split_cluster.url("edge1")) as one, ChatClient(split_cluster.url("edge2")) as two:
        replies = await asyncio.gather(*(client.ask("chunks=40,interval=10ms,size=20") for client in (one, two)))
        for reply in replies:
            assert (await reply.end())["finish"] == "completed"
            reply.assert_in_order()
            reply.assert_whole(chunks=40)


async def test_reply_outlives_the_edge_of_its_caller(split_cluster: Cluster) -> None:
    async with ChatClient(split_cluster.url("edge1")) as client:
        reply = await client.ask("chunks=100,interval=20ms,size=20")
        await reply.until(lambda reply: reply.cursor >= 20)
        split_cluster.kill("edge1")
        await client.cut()
    async with ChatClient(split_cluster.url(), reply) as client:
        assert (await client.invoke("Resume", reply.message_id, reply.cursor))["status"] == "resumed"
        await reply.end()
        reply.assert_whole(chunks=100)


async def test_ask_that_nobody_can_take_fails_with_a_code(split_cluster: Cluster) -> None:
    split_cluster.kill("worker1")
    async with ChatClient(split_cluster.url()) as client:
        reply = await client.ask("chunks=1,interval=1ms,size=20")
        await reply.until(lambda reply: reply.has_ended)
        assert reply.problem["code"] == "no_worker"
        assert reply.problem["retryable"] is True
        reply.assert_in_order()
        assert (await reply.asked)["finish"] == "failed"

        split_cluster.start("worker1")
        reply = await client.ask("chunks=5,interval=1ms,size=20")
        await reply.end()
        reply.assert_whole(chunks=5)
