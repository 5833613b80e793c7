"""Who is there, on servers of which one is killed: groups and connections across three nodes and a real Redis."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack

import pytest

from chat_client import ChatClient, HubError
from cluster import CONFORMANCE_SERVER, Cluster
from serve import Server, listening


@pytest.fixture
def servers(cluster: Cluster) -> Iterator[list[Server]]:
    backplane = f"redis://127.0.0.1:{cluster.port('redis')}"
    with ExitStack() as stack:
        yield [stack.enter_context(listening(CONFORMANCE_SERVER, "--backplane", backplane)) for _ in range(3)]


async def connected(stack: AsyncExitStack, servers: list[Server], each: int) -> list[list[ChatClient]]:
    return [
        [await stack.enter_async_context(ChatClient(server.url, hub="rooms")) for _ in range(each)]
        for server in servers
    ]


async def test_members_are_right_on_all_nodes_and_after_one_is_killed(servers: list[Server]) -> None:
    async with AsyncExitStack() as stack:
        clients = await connected(stack, servers, each=3)
        ids = [[await client.invoke("Id") for client in those] for those in clients]
        everybody = sorted(sum(ids, []))
        for connection in everybody:
            assert await clients[0][0].invoke("Add", connection, "room") == "done"
        for those in clients:
            assert await those[0].invoke("Members", "room") == everybody
            assert await those[0].invoke("Count", "room") == 9
        assert await clients[0][0].invoke("Remove", ids[1][2], "room") == "done"
        async with asyncio.timeout(2):
            while await clients[2][0].invoke("Count", "room") != 8:
                await asyncio.sleep(0.02)

        killed = time.monotonic()
        servers[2].process.kill()
        left = sorted(set(everybody) - {ids[1][2], *ids[2]})
        for those in clients[:2]:
            while await those[0].invoke("Members", "room") != left:
                assert time.monotonic() - killed < 5
                await asyncio.sleep(0.05)
            assert await those[0].invoke("Count", "room") == len(left)


async def test_dead_and_unknown_connections_are_answered_for_at_once(servers: list[Server]) -> None:
    async with AsyncExitStack() as stack:
        clients = await connected(stack, servers, each=1)
        dead = await clients[2][0].invoke("Id")
        asking = clients[0][0]
        assert await asking.invoke("Add", dead, "room") == "done"
        assert await asking.invoke("ConnectionExists", dead) is True
        assert await asking.invoke("GroupExists", "room") is True
        servers[2].process.kill()
        servers[2].process.wait()
        for connection in (dead, "unknown"):
            async with asyncio.timeout(0.4):
                assert await asking.invoke("Add", connection, "room") == "noSuchConnection"
            async with asyncio.timeout(0.4):
                assert await asking.invoke("ConnectionExists", connection) is False
        assert await asking.invoke("GroupExists", "room") is False


async def test_members_are_written_again_when_redis_has_lost_them(servers: list[Server], cluster: Cluster) -> None:
    async with AsyncExitStack() as stack:
        clients = await connected(stack, servers, each=2)
        for those in clients:
            for client in those:
                assert await client.invoke("Add", await client.invoke("Id"), "room") == "done"
        await asyncio.to_thread(cluster.kill, "redis")
        await asyncio.to_thread(cluster.start, "redis")
        async with asyncio.timeout(20):
            for those in clients:
                while True:
                    try:
                        if await those[0].invoke("Count", "room") == 6:
                            break
                    except HubError:  # Redis is not back yet for this node
                        pass
                    await asyncio.sleep(0.1)
