"""The management API, asked at one node for connections of all nodes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from cluster import Cluster
from conftest import started
from hub_socket import HubSocket
from serve import run, serving

KEY = "a key that nobody guesses"
AUTHORIZED = {"Authorization": f"Bearer {KEY}"}
HUB = "/api/hubs/chat"
NODES = ("node1", "node2", "node3")


@pytest.fixture(scope="module")
def managed() -> Iterator[Cluster]:
    yield from started("managed", "--nodes", "3", options=("--management-key", KEY))


class Client:
    def __init__(self, connection_id: str, socket: HubSocket) -> None:
        self.id, self.socket = connection_id, socket

    async def told(self, target: str) -> list:
        """The arguments of the next call, which is of this method."""
        message = await self.socket.receive()
        assert message is not None and message["target"] == target, message
        return message["arguments"]


@pytest.fixture
async def clients(managed: Cluster) -> AsyncIterator[list[Client]]:
    """One at each node."""
    async with AsyncExitStack() as stack:
        clients = []
        for node in NODES:
            http = await stack.enter_async_context(aiohttp.ClientSession(managed.url(node)))
            async with http.post("/chat/negotiate?negotiateVersion=1") as response:
                negotiated = await response.json()
            query = {"id": negotiated["connectionToken"]}
            socket = HubSocket(await stack.enter_async_context(http.ws_connect("/chat", params=query)))
            await socket.handshake()
            # It is sent to from its first answer on.
            await socket.invoke("Nobody")
            clients.append(Client(negotiated["connectionId"], socket))
        yield clients


@pytest.fixture
async def api(managed: Cluster) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(managed.url("node1"), headers=AUTHORIZED) as api:
        yield api


async def ask(api: aiohttp.ClientSession, method: str, path: str, **request) -> int:
    async with api.request(method, HUB + path, **request) as response:
        if response.status >= 400 and method != "HEAD":
            assert set(await response.json()) == {"code", "message"}
        return response.status


def message(target: str, *arguments) -> dict:
    return {"json": {"target": target, "arguments": list(arguments)}}


async def test_sends_reach_connections_of_all_nodes(api: aiohttp.ClientSession, clients: list[Client]) -> None:
    arguments = ["text", 1, -2.5, True, None, {"a": [1, "zwölf"]}, 2**53]
    assert await ask(api, "POST", "/:send", **message("all", *arguments)) == 202
    for client in clients:
        assert await client.told("all") == arguments
    for client in clients:
        assert await ask(api, "POST", f"/connections/{client.id}/:send", **message("one", client.id)) == 202
        assert await client.told("one") == [client.id]
    excluded = {"excluded": f"{clients[0].id},{clients[1].id}"}
    assert await ask(api, "POST", "/:send", params=excluded, **message("others")) == 202
    assert await clients[2].told("others") == []
    assert await ask(api, "POST", "/:send", **message("last")) == 202
    for client in clients:
        assert await client.told("last") == []


async def test_groups_of_connections_of_all_nodes(api: aiohttp.ClientSession, clients: list[Client]) -> None:
    group = "/groups/r%C3%B6om%2F1"
    assert await ask(api, "HEAD", group) == 404
    for client in clients:
        assert await ask(api, "PUT", f"{group}/connections/{client.id}") == 200
    assert await ask(api, "HEAD", group) == 200
    assert await ask(api, "POST", f"{group}/:send", **message("group", 1)) == 202
    for client in clients:
        assert await client.told("group") == [1]
    assert await ask(api, "DELETE", f"{group}/connections/{clients[0].id}") == 200
    assert await ask(api, "DELETE", f"/connections/{clients[1].id}/groups") == 200
    assert await ask(api, "POST", f"{group}/:send", **message("group", 2)) == 202
    assert await ask(api, "POST", "/:send", **message("last")) == 202
    assert await clients[2].told("group") == [2]
    for client in clients:
        assert await client.told("last") == []
    assert await ask(api, "PUT", f"{group}/connections/nobody") == 404
    assert await ask(api, "PUT", f"/groups/{'x' * 1025}/connections/{clients[0].id}") == 400


async def test_connections_are_found_and_closed(api: aiohttp.ClientSession, clients: list[Client]) -> None:
    for client in clients:
        assert await ask(api, "HEAD", f"/connections/{client.id}") == 200
    assert await ask(api, "HEAD", "/connections/nobody") == 404
    assert await ask(api, "DELETE", "/connections/nobody") == 404
    assert await ask(api, "DELETE", f"/connections/{clients[1].id}", params={"reason": "Enough"}) == 200
    ended = await clients[1].socket.receive()
    assert ended["type"] == 7 and ended["error"] == "Enough" and not ended.get("allowReconnect")
    assert await ask(api, "POST", "/:closeConnections", params={"excluded": clients[0].id}) == 204
    assert (await clients[2].socket.receive())["type"] == 7
    async with asyncio.timeout(10):
        while await ask(api, "HEAD", f"/connections/{clients[2].id}") == 200:
            await asyncio.sleep(0.02)
    assert await ask(api, "HEAD", f"/connections/{clients[0].id}") == 200


@pytest.mark.parametrize("body", ["", "{}", "[]", "null", '{"target":""}', '{"target":1}', '{"target":"x","arguments":{}}'])
async def test_body_that_is_no_message_is_refused(api: aiohttp.ClientSession, body: str) -> None:
    assert await ask(api, "POST", "/:send", data=body) == 400


async def test_refusals(managed: Cluster, api: aiohttp.ClientSession) -> None:
    assert await ask(api, "POST", "/:send", data="x" * (1024 * 1024 + 1)) == 413
    assert await ask(api, "GET", "/:send") == 405
    assert await ask(api, "POST", "/nowhere") == 404
    async with api.post("/api/hubs/none/:send", json={"target": "x"}) as response:
        assert response.status == 404 and (await response.json())["code"] == "NoSuchHub"
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"api-key": ""}):
        async with aiohttp.ClientSession(managed.url("node1"), headers=headers) as stranger:
            for method, path in [("HEAD", "/api/health"), ("POST", f"{HUB}/:send"), ("GET", "/api/nowhere")]:
                async with stranger.request(method, path) as response:
                    assert response.status == 401
            async with stranger.get("/api/openapi.json") as response:
                assert response.status == 200 and (await response.json())["openapi"].startswith("3.")


async def test_users_of_all_nodes() -> None:
    import jwt

    secret = "a secret of more than 32 bytes, as it must be"
    options = ("--model", "echo", "--management-key", KEY, "--jwt-secret", secret)
    with serving("--port", "0", *options) as server:
        token = {"Authorization": "Bearer " + jwt.encode({"sub": "ada@x", "exp": 2**33}, secret, algorithm="HS256")}
        async with aiohttp.ClientSession(server.url) as http, http.ws_connect("/chat", headers=token) as raw:
            socket = HubSocket(raw)
            await socket.handshake()
            await socket.invoke("Nobody")
            async with aiohttp.ClientSession(server.url, headers={"api-key": KEY}) as api:
                user = "/users/ada%40x"
                assert await ask(api, "HEAD", user) == 200
                assert await ask(api, "HEAD", "/users/eve") == 404
                assert await ask(api, "POST", f"{user}/:send", **message("user")) == 202
                assert (await socket.receive())["target"] == "user"
                assert await ask(api, "HEAD", f"{user}/groups/g") == 404
                assert await ask(api, "PUT", f"{user}/groups/g") == 200
                assert await ask(api, "HEAD", f"{user}/groups/g") == 200
                assert await ask(api, "DELETE", f"{user}/groups/g") == 200
                assert await ask(api, "DELETE", f"{user}/groups") == 200
                assert await ask(api, "PUT", "/users/eve/groups/g") == 404
                assert await ask(api, "POST", f"{user}/:closeConnections") == 204
                assert (await socket.receive())["type"] == 7


async def test_api_is_off_without_a_key() -> None:
    assert "management-key" in run("--port", "0", "--management-key", "short").stderr
    with serving("--port", "0", "--model", "echo") as server:
        async with aiohttp.ClientSession(server.url, headers=AUTHORIZED) as http:
            async with http.head("/api/health") as response:
                assert response.status == 404
