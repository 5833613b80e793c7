"""Clients without WebSockets, through nginx and HAProxy in plain round robin: each of their requests arrives at another node."""

import asyncio

import aiohttp
import pytest

from cluster import Cluster
from http_client import long_polling, server_sent_events

pytestmark = pytest.mark.parametrize("balancer", ["nginx", "haproxy"])
TRANSPORTS = [long_polling, server_sent_events]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_reply_arrives_whole(cluster: Cluster, transport) -> None:
    async with transport(cluster.url()) as client:
        reply = await client.ask("chunks=100,interval=5ms,size=20")
        await reply.end()
        reply.assert_whole(chunks=100)
        reply.assert_in_order()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_every_chunk_comes_from_another_node(split_cluster: Cluster, transport) -> None:
    async with transport(split_cluster.url()) as client:
        reply = await client.ask("chunks=100,interval=5ms,size=20")
        await reply.end()
        reply.assert_whole(chunks=100)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_what_is_sent_arrives_in_its_order(cluster: Cluster, transport) -> None:
    async with transport(cluster.url()) as client:
        for _ in range(10):
            assert (await client.invoke("Stop", "0" * 32))["status"] == "gone"


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_many_clients_side_by_side(cluster: Cluster, transport) -> None:
    async def ask() -> None:
        async with transport(cluster.url()) as client:
            reply = await client.ask("chunks=40,interval=10ms,size=20")
            await reply.end()
            reply.assert_whole(chunks=40)

    await asyncio.gather(*(ask() for _ in range(30)))


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_reply_is_stopped_through_any_node(cluster: Cluster, transport) -> None:
    async with transport(cluster.url()) as client:
        reply = await client.ask("chunks=100000,interval=5ms,size=20")
        await reply.until(lambda reply: reply.cursor > 10)
        assert (await client.invoke("Stop", reply.message_id))["status"] == "stopped"
        assert (await reply.end())["finish"] == "stopped"
        reply.assert_whole()


async def test_ended_connection_is_unknown_at_every_node_at_once(cluster: Cluster) -> None:
    async with long_polling(cluster.url()) as client:
        pass
    async with aiohttp.ClientSession() as http, asyncio.timeout(2):
        for _ in cluster.edges:
            async with http.post(client.url, data="{}") as response:
                assert (response.status, await response.text()) == (404, "No Connection with that ID")
