"""A node takes as many clients as it is told to, and as fast, and tells the others when to come back."""

import asyncio

import aiohttp
import pytest

from hub_socket import HubSocket
from serve import serving


def sent_by(address: str, through: str | None = None) -> dict[str, str]:
    hops = ["198.51.100.1", address, *([through] if through else [])]
    return {"X-Forwarded-For": ", ".join(hops)}


async def test_address_that_negotiates_too_often_is_told_to_wait() -> None:
    options = ("--negotiate-rate-per-address", "1:3", "--trusted-proxies", "127.0.0.1,10.0.0.0/8")
    with serving("--port", "0", "--model", "echo", *options) as server:
        async with aiohttp.ClientSession(server.url) as http:
            statuses = []
            for _ in range(20):
                async with http.post("/chat/negotiate", headers=sent_by("192.0.2.1", "10.0.0.9")) as response:
                    statuses.append(response.status)
                    if response.status != 200:
                        assert response.status == 429 and int(response.headers["Retry-After"]) == 1
            assert statuses[0] == 200 and 429 in statuses
            async with http.post("/chat/negotiate", headers=sent_by("192.0.2.2", "10.0.0.9")) as response:
                assert response.status == 200


@pytest.mark.parametrize("options", [(), ("--trusted-proxies", "10.0.0.0/8"), ("--forwarded-header", "forwarded")])
async def test_header_of_a_stranger_changes_no_address(options: tuple[str, ...]) -> None:
    limits = ("--maximum-connections-per-address", "1")
    with serving("--port", "0", "--model", "echo", *limits, *options) as server:
        async with aiohttp.ClientSession(server.url) as http, http.ws_connect("/chat") as socket:
            await HubSocket(socket).handshake()
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await http.ws_connect("/chat", headers=sent_by("192.0.2.1"))
            assert refusal.value.status == 429


async def test_full_node_takes_a_client_when_another_has_left() -> None:
    with serving("--port", "0", "--model", "echo", "--maximum-connections", "1") as server:
        async with aiohttp.ClientSession(server.url) as http:
            async with http.ws_connect("/chat") as socket:
                await HubSocket(socket).handshake()
                with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                    await http.ws_connect("/chat")
                assert refusal.value.status == 503
                assert int(refusal.value.headers["Retry-After"]) > 0
            while True:
                try:
                    async with http.ws_connect("/chat") as socket:
                        await HubSocket(socket).handshake()
                        break
                except aiohttp.WSServerHandshakeError as error:
                    assert error.status == 503


async def test_times_are_what_they_are_told_to_be() -> None:
    options = ("--handshake-timeout", "300ms", "--keep-alive-interval", "200ms", "--http-idle-timeout", "300ms")
    options += ("--protocols", "JSON")
    with serving("--port", "0", "--model", "echo", *options) as server:
        async with aiohttp.ClientSession(server.url) as http:
            async with http.ws_connect("/chat") as socket:
                assert await HubSocket(socket).receive() == {"error": "Handshake was canceled."}
            async with http.ws_connect("/chat") as socket:
                hub = HubSocket(socket)
                await hub.send({"protocol": "messagepack", "version": 1})
                assert await hub.receive() == {"error": "The protocol 'messagepack' is not supported."}
            async with http.ws_connect("/chat") as socket:
                await HubSocket(socket).handshake()
                assert (await socket.receive(timeout=5)).data == '{"type":6}\x1e'
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
        async with asyncio.timeout(5):
            assert await reader.read() == b"", "a connection without a request ends"
        writer.close()
