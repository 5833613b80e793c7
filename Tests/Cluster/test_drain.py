"""A node that is told to stop: nobody comes in, replies end, clients are sent to other nodes."""

import asyncio
import time

import aiohttp
import pytest

from chat_client import ChatClient
from cluster import Cluster
from hub_socket import HubSocket, hub_socket
from serve import Server, serving

# About 2 s of it.
REPLY = "chunks=100,interval=20ms,size=4"
LONG = "chunks=1000,interval=50ms,size=4"


async def ask(socket: HubSocket, prompt: str, invocation: str = "1") -> None:
    await socket.handshake()
    await ask_again(socket, prompt, invocation)
    assert await event(socket, "partial")


async def ask_again(socket: HubSocket, prompt: str, invocation: str) -> None:
    await socket.send({"type": 1, "invocationId": invocation, "target": "AskAi", "arguments": [prompt]})


async def event(socket: HubSocket, target: str) -> list:
    while (message := await socket.receive()) is not None:
        if message.get("target") == target:
            return message["arguments"]
    raise AssertionError(f"the connection ended before {target}")


async def exit_code(server: Server, seconds: float = 20) -> int:
    return await asyncio.to_thread(server.process.wait, seconds)


async def assert_sent_away(socket: HubSocket) -> None:
    message = await socket.receive()
    assert message == {"type": 7, "allowReconnect": True}
    assert await socket.receive() is None


async def status(http: aiohttp.ClientSession, method: str, path: str) -> int:
    async with http.request(method, path) as response:
        return response.status


async def test_replies_end_before_the_node() -> None:
    with serving("--port", "0", "--model", "synthetic") as server:
        async with (
            hub_socket(server.url) as idle,
            hub_socket(server.url) as asking,
            aiohttp.ClientSession(server.url) as http,
        ):
            await idle.handshake()
            await ask(asking, REPLY)
            server.terminate()
            await assert_sent_away(idle)
            assert await status(http, "GET", "/health/ready") == 503
            assert await status(http, "GET", "/health/live") == 200
            # Negotiating takes nothing of a node; the connection may be made at any other.
            assert await status(http, "POST", "/chat/negotiate?negotiateVersion=1") == 200
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect("/chat")
            assert refused.value.status == 503 and int(refused.value.headers["Retry-After"]) > 0
            _, summary = await event(asking, "completed")
            assert summary["chunks"] == 100
            assert (await asking.completion())["result"]["finish"] == "completed"
            await assert_sent_away(asking)
        assert await exit_code(server) == 0


async def test_replies_that_take_too_long_are_ended() -> None:
    with serving("--port", "0", "--model", "synthetic", "--drain-timeout", "300ms") as server:
        async with hub_socket(server.url) as socket:
            await ask(socket, LONG)
            server.terminate()
            _, problem = await event(socket, "failed")
            assert problem["code"] == "shutting_down" and problem["retryable"] is True
            assert (await socket.completion())["result"]["finish"] == "failed"
            await assert_sent_away(socket)
        assert await exit_code(server) == 0


@pytest.mark.parametrize("timeout", ["0s", "30s"])
async def test_node_without_work_ends_at_once(timeout: str) -> None:
    with serving("--port", "0", "--model", "synthetic", "--drain-timeout", timeout) as server:
        async with hub_socket(server.url) as socket:
            await socket.handshake()
            server.terminate()
            await assert_sent_away(socket)
        assert await exit_code(server, 5) == 0


async def test_node_that_is_told_twice_ends_at_once() -> None:
    with serving("--port", "0", "--model", "synthetic") as server:
        async with hub_socket(server.url) as socket, aiohttp.ClientSession(server.url) as http:
            await ask(socket, LONG)
            server.terminate()
            while await status(http, "GET", "/health/ready") == 200:
                await asyncio.sleep(0.02)
            began = time.monotonic()
            server.terminate()
            assert await exit_code(server, 5) == 1
            assert time.monotonic() - began < 3


async def test_who_asks_a_node_that_drains_is_answered_by_another(mixed_nodes_nginx: Cluster) -> None:
    cluster = mixed_nodes_nginx
    async with hub_socket(cluster.url("node1")) as socket:
        await ask(socket, REPLY)
        stopping = asyncio.create_task(asyncio.to_thread(cluster.stop, "node1"))
        while await asyncio.to_thread(cluster.is_ready, "node1"):
            await asyncio.sleep(0.02)
        await ask_again(socket, "chunks=3,interval=1ms,size=4", "2")
        results = [(await socket.completion())["invocationId"] for _ in range(2)]
        assert results == ["2", "1"]
        await assert_sent_away(socket)
        await stopping
    cluster.heal()


async def test_no_reply_is_lost_when_every_node_is_restarted(mixed_nodes_nginx: Cluster) -> None:
    cluster = mixed_nodes_nginx
    clients = [ChatClient(cluster.url()) for _ in range(30)]
    try:
        for client in clients:
            await client.__aenter__()
        replies = [await client.ask("chunks=400,interval=20ms,size=8") for client in clients]
        for node in cluster.nodes:
            await asyncio.to_thread(cluster.stop, node)
            await asyncio.to_thread(cluster.start, node)
        for reply in replies:
            await reply.end()
            reply.assert_in_order()
            reply.assert_whole()
    finally:
        for client in clients:
            await client.__aexit__()
