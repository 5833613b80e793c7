"""A reply can be stopped from anywhere by whoever knows its id."""

import pytest

from chat_client import ChatClient, client_elsewhere
from cluster import Cluster


async def test_stop_at_another_node_ends_the_reply(cluster: Cluster) -> None:
    await cluster.no_connections()
    async with ChatClient(cluster.url()) as viewer:
        [producer] = [name for name, count in cluster.connections().items() if count]
        reply = await viewer.ask("chunks=1000,interval=20ms,size=20")
        await reply.until(lambda reply: reply.cursor >= 10)
        async with client_elsewhere(cluster, producer) as other:
            receipt = await other.invoke("Stop", reply.message_id)
            assert receipt["status"] == "stopped"
            summary = await reply.end()
            assert (await other.invoke("Stop", reply.message_id))["status"] == "alreadyEnded"
        assert summary["finish"] == "stopped"
        assert 10 <= summary["chunks"] < 1000
        reply.assert_in_order()
        reply.assert_whole(chunks=summary["chunks"])
        assert await reply.asked == {"messageId": reply.message_id, "finish": "stopped"}


async def test_stop_reaches_a_worker_through_either_edge(split_cluster: Cluster) -> None:
    async with ChatClient(split_cluster.url("edge1")) as viewer, ChatClient(split_cluster.url("edge2")) as other:
        for stopping in (viewer, other):
            reply = await viewer.ask("chunks=1000,interval=20ms,size=20")
            await reply.until(lambda reply: reply.cursor >= 3)
            receipt = await stopping.invoke("Stop", reply.message_id)
            assert receipt["status"] == "stopped"
            assert (await reply.end())["finish"] == "stopped"
            reply.assert_in_order()
            reply.assert_whole()


@pytest.mark.parametrize("method, arguments", [("Stop", []), ("Resume", [0])])
async def test_unknown_id_is_gone(cluster: Cluster, method: str, arguments: list) -> None:
    async with ChatClient(cluster.url()) as client:
        result = await client.invoke(method, "0123456789abcdef" * 2, *arguments)
        assert result["status"] == "gone"
