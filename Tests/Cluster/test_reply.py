"""A reply reaches a SignalR client whole, through whichever nodes it is connected to while it is produced."""

import asyncio
import random
import re
import uuid

import aiohttp
import pytest

from pysignalr.protocol.messagepack import MessagepackProtocol

from chat_client import ChatClient, HubError, client_elsewhere
from cluster import Cluster
from reply import Reply

pytestmark = pytest.mark.parametrize("balancer", ["nginx", "haproxy"])


async def test_reply_arrives_in_order_and_whole(cluster: Cluster) -> None:
    async with ChatClient(cluster.url()) as client:
        reply = await client.ask("chunks=50,interval=5ms,size=32")
        summary = await reply.end()
        reply.assert_in_order()
        reply.assert_whole(chunks=50)
        assert summary["finish"] == "completed"
        assert await reply.asked == {"messageId": reply.message_id, "finish": "completed"}
        assert len(reply.message_id) == 32 and int(reply.message_id, 16) >= 0


async def test_stream_has_the_text_of_a_reply_that_another_node_produces(split_cluster: Cluster) -> None:
    async with ChatClient(split_cluster.url()) as client:
        pieces = await client.stream("StreamAi", "chunks=50,interval=5ms,size=32")
    text = "".join(pieces)
    assert re.findall(r"#(\d+);", text) == [str(number) for number in range(1, 51)]
    assert len(text) == 50 * 32 and len(pieces) > 1


async def test_client_that_speaks_messagepack_gets_the_same(cluster: Cluster) -> None:
    async with ChatClient(cluster.url(), protocol=MessagepackProtocol()) as client:
        reply = await client.ask("chunks=50,interval=5ms,size=32")
        summary = await reply.end()
        reply.assert_in_order()
        reply.assert_whole(chunks=50)
        assert summary["finish"] == "completed"
        assert await reply.asked == {"messageId": reply.message_id, "finish": "completed"}
        with pytest.raises(HubError, match="HubException: The prompt is empty."):
            await client.invoke("AskAi", " ")

    again = Reply(reply.message_id)
    async with ChatClient(cluster.url(), again) as client:
        assert (await client.invoke("Resume", reply.message_id, 0))["status"] == "ended"
        await again.end()
        again.assert_whole(chunks=50)
        assert again.text == reply.text


async def test_replies_of_one_connection_run_side_by_side(cluster: Cluster) -> None:
    async with ChatClient(cluster.url()) as client:
        slow = await client.ask("chunks=60,interval=20ms,size=20")
        quick = await client.ask("chunks=10,interval=5ms,size=20")
        await quick.end()
        assert not slow.has_ended
        await slow.end()
        for reply, chunks in [(slow, 60), (quick, 10)]:
            reply.assert_in_order()
            reply.assert_whole(chunks=chunks)


async def test_reply_goes_on_at_another_node_after_the_socket_was_cut(cluster: Cluster) -> None:
    await cluster.no_connections()
    async with ChatClient(cluster.url()) as client:
        [first_node] = [name for name, count in cluster.connections().items() if count]
        reply = await client.ask("chunks=100,interval=20ms,size=20")
        await reply.until(lambda reply: reply.cursor >= 20)
        await client.cut()
    await cluster.no_connections()
    assert not reply.has_ended

    async with client_elsewhere(cluster, first_node, reply) as client:
        result = await client.invoke("Resume", reply.message_id, reply.cursor)
        assert result["status"] == "resumed"
        await reply.end()
        reply.assert_whole(chunks=100)


async def test_reply_that_has_ended_can_still_be_read(cluster: Cluster) -> None:
    async with ChatClient(cluster.url()) as client:
        first = await client.ask("chunks=20,interval=2ms,size=20")
        await first.end()
    again = Reply(first.message_id)
    async with ChatClient(cluster.url(), again) as client:
        result = await client.invoke("Resume", first.message_id, 0)
        assert result["status"] in ("resumed", "ended")
        await again.end()
        again.assert_whole(chunks=20)
        assert again.text == first.text


async def test_pysignalr_reconnects_by_itself_and_resumes(cluster: Cluster) -> None:
    """It first repeats the URL with the old id, at whichever node is next, and negotiates when that is refused."""
    async with ChatClient(cluster.url()) as client:
        reply = await client.ask("chunks=100,interval=20ms,size=20")
        await reply.until(lambda reply: reply.cursor >= 20)
        await client.reconnect()
        result = await client.invoke("Resume", reply.message_id, reply.cursor)
        assert result["status"] == "resumed"
        await reply.end()
        reply.assert_whole(chunks=100)


async def test_message_id_that_a_client_chose_is_taken_on_every_node(cluster: Cluster) -> None:
    options = {"messageId": uuid.uuid4().hex}
    async with ChatClient(cluster.url("node1")) as client:
        asked = asyncio.create_task(client.invoke("AskAi", "chunks=50,interval=20ms,size=20", options))
        await client.began()
        for node in cluster.edges:
            async with ChatClient(cluster.url(node)) as other:
                with pytest.raises(HubError, match="HubException: The message id is in use."):
                    await other.invoke("AskAi", "hello", options)
                with pytest.raises(HubError, match="HubException: The message id is in use."):
                    await other.stream("StreamAi", "hello", options)
        assert await asked == options | {"finish": "completed"}


async def test_reply_whose_answer_was_lost_is_found_by_the_id_that_its_client_chose(cluster: Cluster) -> None:
    reply = Reply(uuid.uuid4().hex)
    async with ChatClient(cluster.url()) as client:
        options = {"messageId": reply.message_id}
        await client.signalr.send("AskAi", ["chunks=100,interval=10ms,size=20", options], client._ignore)
        # It was heard: what is said later is answered.
        await client.invoke("Stop", "0" * 32)
        await client.cut()
    async with ChatClient(cluster.url(), reply) as client, asyncio.timeout(20):
        while (await client.invoke("Resume", reply.message_id, 0))["status"] == "gone":
            await asyncio.sleep(0.02)
        await reply.end()
        reply.assert_whole(chunks=100)


async def test_id_of_a_connection_that_has_ended_is_refused_by_each_node(cluster: Cluster) -> None:
    async with ChatClient(cluster.url()) as client:
        query = client.signalr._transport._url.partition("?")[2]
    await cluster.no_connections()
    async with aiohttp.ClientSession() as http:
        for node in cluster.edges:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(f"{cluster.url(node)}/chat?{query}")
            assert refused.value.status == 404


async def test_hundred_clients_that_are_cut_at_random_lose_nothing(cluster: Cluster) -> None:
    seeds = random.Random(20261122)
    async with asyncio.TaskGroup() as clients:
        for _ in range(100):
            clients.create_task(ask_cut_resume(cluster.url(), random.Random(seeds.random())))


async def ask_cut_resume(url: str, chance: random.Random) -> None:
    async with ChatClient(url) as client:
        reply = await client.ask("chunks=60,interval=25ms,size=20")
        cut_at = chance.randint(0, 59)
        await reply.until(lambda reply: reply.cursor >= cut_at)
        await client.cut()
    await asyncio.sleep(chance.uniform(0, 0.5))
    async with ChatClient(url, reply) as client:
        await client.invoke("Resume", reply.message_id, reply.cursor)
        await reply.end()
        reply.assert_whole(chunks=60)
