"""A client whose socket is cut goes on with its connection at any node, and neither side loses a message."""

import asyncio

import aiohttp
import pytest

from cluster import Cluster
from stateful_client import stateful_client

pytestmark = pytest.mark.parametrize("balancer", ["nginx", "haproxy"])


async def test_nothing_is_lost_however_often_the_socket_is_cut(cluster: Cluster) -> None:
    await cluster.no_connections()
    homes: set[str] = set()
    async with stateful_client(cluster.url()) as (client, life):
        reply = await client.ask("chunks=300,interval=10ms,size=20")
        stops = []
        for number in range(12):
            cursor = reply.cursor
            stops.append(await client.begin("Stop", f"{number:032}"))
            await reply.until(lambda reply: reply.cursor > cursor + 10 or reply.has_ended)
            homes |= {name for name, count in cluster.connections().items() if count}
            client.cut()
            # Said while nobody hears it.
            stops.append(await client.begin("Stop", f"{number:032}"))
            await client.until_sockets(number + 2)
        assert (await reply.end())["finish"] == "completed"
        reply.assert_in_order()
        reply.assert_whole(chunks=300)
        async with asyncio.timeout(20):
            assert (await client.asked)["result"] == {"messageId": reply.message_id, "finish": "completed"}
            for stop in stops:
                assert (await stop)["result"]["status"] == "gone"
        assert sorted(client.completed, key=int) == [str(number) for number in range(1, len(stops) + 2)]
        assert not life.done()
    assert homes == set(cluster.edges)


async def test_node_that_is_killed_takes_only_the_socket_with_it(cluster: Cluster) -> None:
    home, edge, other = (cluster.url(name) for name in cluster.edges)
    async with stateful_client(home, edge, other) as (client, life):
        reply = await client.ask("chunks=200,interval=10ms,size=20")
        await reply.until(lambda reply: reply.cursor > 10)
        client.cut()
        await client.until_sockets(2)
        await reply.until(lambda reply: reply.cursor > 40)
        cluster.kill(cluster.edges[1])
        await client.until_sockets(3)
        await reply.end()
        reply.assert_in_order()
        reply.assert_whole(chunks=200)
        assert not life.done()


async def test_connection_whose_home_is_killed_is_unknown_at_every_node(cluster: Cluster) -> None:
    home, edge, other = (cluster.url(name) for name in cluster.edges)
    async with stateful_client(home, edge, other) as (client, life):
        await client.invoke("Stop", "0" * 32)
        client.cut()
        await client.until_sockets(2)
        await client.invoke("Stop", "0" * 32)
        cluster.kill(cluster.edges[0])
        # The edge notices by the lease that the home has died, and cuts the socket; the next one is refused.
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await asyncio.wait_for(life, 20)
        assert refused.value.status == 404
