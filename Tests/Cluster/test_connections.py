"""Connections without a hub: what a client says to the conformance server's /echo comes back, over any transport.

/echo wants the cookie of a negotiation, as the tests of SignalR's clients do; /open-echo wants none.
"""

import asyncio

import aiohttp
import pytest

from cluster import CONFORMANCE_SERVER
from http_client import HTTPClient, negotiated
from hub_protocols import JSON, MessagePack
from serve import listening


async def test_web_socket_says_back_whole_messages(url: str) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/open-echo", max_msg_size=0) as socket:
        for text in ("", "héllo €𝄞", "x" * 100_000):
            await socket.send_str(text)
            assert await socket.receive_str() == text
        for data in (b"", bytes(range(256)), b"\xff" * 3_000_000):
            await socket.send_bytes(data)
            assert await socket.receive_bytes() == data
        await socket.close()
        assert socket.close_code == 1000


async def test_web_socket_is_redirected(url: str) -> None:
    async with (
        negotiated(f"{url}/echoredirect", "WebSockets", JSON()) as (http, client),
        http.ws_connect(client.url) as socket,
    ):
        await socket.send_str("found")
        assert await socket.receive_str() == "found"


@pytest.mark.parametrize("path", ["echo", "echoredirect"])
async def test_polls_bring_what_was_posted_in_its_order(url: str, path: str) -> None:
    async with negotiated(f"{url}/{path}", "LongPolling", MessagePack()) as (http, client):
        async with client.get() as response:
            assert (response.status, await response.read()) == (200, b"")
        said = [f"{number};".encode() for number in range(20)]
        echoed = b""
        for data in said:
            await client.post(data)
        while echoed != b"".join(said):
            async with client.get() as response:
                assert response.status == 200
                echoed += await response.read()
            assert b"".join(said).startswith(echoed)
        async with http.delete(client.url) as response:
            assert response.status == 202
        async with client.get() as response:
            assert response.status == 404


@pytest.mark.parametrize("path", ["echo", "echoredirect"])
async def test_event_stream_brings_what_was_posted(url: str, path: str) -> None:
    async with (
        negotiated(f"{url}/{path}", "ServerSentEvents", JSON()) as (http, client),
        http.get(client.url, headers={"Accept": "text/event-stream"}) as response,
    ):
        assert await response.content.readline() == b":\r\n"
        for text in ("héllo", "again"):
            await client.post(text.encode())
            assert (await response.content.readline()).decode() == f"data: {text}\r\n"
            assert await response.content.readline() == b"\r\n"


async def test_client_that_keeps_no_cookies_is_sent_away(url: str) -> None:
    async with negotiated(f"{url}/echo", "WebSockets", JSON()) as (http, client):
        http.cookie_jar.clear()
        async with http.ws_connect(client.url) as socket:
            assert (await socket.receive()).type == aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 1000
    async with negotiated(f"{url}/echo", "ServerSentEvents", JSON()) as (http, client):
        http.cookie_jar.clear()
        async with http.get(client.url, headers={"Accept": "text/event-stream"}) as response:
            assert (response.status, await response.read()) == (200, b":\r\n")
    async with negotiated(f"{url}/echo", "LongPolling", MessagePack()) as (http, client):
        http.cookie_jar.clear()
        statuses = []
        while not statuses or statuses[-1] == 200:
            async with client.get() as response:
                statuses.append(response.status)
        # An end that nobody waits for is told to the next poll.
        assert statuses in ([200, 204], [200, 404])


async def test_server_that_stops_ends_them_all() -> None:
    with listening(CONFORMANCE_SERVER) as server:
        url = server.url
        async with (
            aiohttp.ClientSession() as sockets,
            sockets.ws_connect(f"{url}/open-echo") as socket,
            negotiated(f"{url}/echo", "ServerSentEvents", JSON()) as (events, streaming),
            negotiated(f"{url}/echo", "LongPolling", MessagePack()) as (_, polling),
            events.get(streaming.url, headers={"Accept": "text/event-stream"}) as stream,
        ):
            async with polling.get() as response:
                assert response.status == 200
            poll = await polling.waiting_poll()
            await streaming.post(b"before")
            while not (await stream.content.readline()).startswith(b"data: before"):
                pass
            server.terminate()
            assert (await socket.receive()).data == aiohttp.WSCloseCode.GOING_AWAY
            assert (await asyncio.wait_for(poll, 10))[0] in (200, 204)
            assert (await asyncio.wait_for(stream.content.read(), 10)).strip() == b""
        assert await asyncio.to_thread(server.process.wait, 10) == 0
