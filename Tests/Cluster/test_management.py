"""The management API, asked at one node for connections of all nodes."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import aiohttp
import jwt
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
        yield [await connected(stack, managed.url(node)) for node in NODES]


async def connected(stack: AsyncExitStack, url: str, user: str | None = None) -> Client:
    """A connection at a node, of a user or of nobody, which the hub knows by now."""
    http = await stack.enter_async_context(aiohttp.ClientSession(url, headers=token(user) if user else {}))
    async with http.post("/chat/negotiate?negotiateVersion=1") as response:
        negotiated = await response.json()
    query = {"id": negotiated["connectionToken"]}
    socket = HubSocket(await stack.enter_async_context(http.ws_connect("/chat", params=query)))
    await socket.handshake()
    # It is sent to from its first answer on.
    await socket.invoke("Nobody")
    return Client(negotiated["connectionId"], socket)


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


SECRET = "a secret of more than 32 bytes, as it must be"


def token(user: str) -> dict[str, str]:
    return {"Authorization": "Bearer " + jwt.encode({"sub": user, "exp": 2**33}, SECRET, algorithm="HS256")}


@pytest.fixture(scope="module")
def users() -> Iterator[Cluster]:
    """Nodes that know who their clients are."""
    yield from started("users", "--nodes", "3", options=("--management-key", KEY, "--jwt-secret", SECRET))


async def test_users_of_all_nodes(users: Cluster) -> None:
    async with AsyncExitStack() as stack:
        clients = [await connected(stack, users.url(node), "ada@x") for node in NODES[1:]]
        api = await stack.enter_async_context(aiohttp.ClientSession(users.url(NODES[0]), headers={"api-key": KEY}))
        user = "/users/ada%40x"
        assert await ask(api, "HEAD", user) == 200
        assert await ask(api, "HEAD", "/users/eve") == 404
        assert await ask(api, "POST", f"{user}/:send", **message("user")) == 202
        for client in clients:
            assert await client.told("user") == []
        assert await ask(api, "POST", f"{user}/:closeConnections") == 204
        for client in clients:
            assert (await client.socket.receive())["type"] == 7


async def test_user_is_a_member_with_the_connections_of_all_nodes(users: Cluster) -> None:
    async with AsyncExitStack() as stack:
        apis = [
            await stack.enter_async_context(aiohttp.ClientSession(users.url(node), headers={"api-key": KEY}))
            for node in NODES
        ]
        membership, group = "/users/ada/groups/g", "/groups/g"
        early = await connected(stack, users.url(NODES[0]), "ada")
        assert await ask(apis[1], "HEAD", membership) == 404
        assert await ask(apis[1], "PUT", membership) == 200
        clients = [early] + [await connected(stack, users.url(node), "ada") for node in NODES]
        bob = await connected(stack, users.url(NODES[2]), "bob")
        for api in apis:
            assert await ask(api, "HEAD", membership) == 200
        assert await ask(apis[2], "POST", f"{group}/:send", **message("members")) == 202
        assert await ask(apis[2], "POST", "/:send", **message("all")) == 202
        for client in clients:
            assert await client.told("members") == []
            assert await client.told("all") == []
        assert await bob.told("all") == []

        assert await ask(apis[2], "DELETE", membership) == 204
        assert await ask(apis[0], "HEAD", membership) == 404
        clients.append(await connected(stack, users.url(NODES[1]), "ada"))
        assert await ask(apis[2], "POST", f"{group}/:send", **message("members")) == 202
        assert await ask(apis[2], "POST", "/:send", **message("last")) == 202
        for client in clients:
            assert await client.told("last") == []

        for name in ("a", "b"):
            assert await ask(apis[0], "PUT", f"/users/ada/groups/{name}") == 200
        assert await ask(apis[1], "DELETE", "/users/ada/groups") == 204
        for name in ("a", "b"):
            assert await ask(apis[2], "HEAD", f"/users/ada/groups/{name}") == 404


async def test_membership_of_a_user_lasts_for_its_time(users: Cluster) -> None:
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(aiohttp.ClientSession(users.url(NODES[0]), headers={"api-key": KEY}))
        for ttl in ("-1", "x", "", "1.5", "31536001", "9" * 30):
            assert await ask(api, "PUT", "/users/eve/groups/g", params={"ttl": ttl}) == 400
        # There is nobody whom it could hold for.
        assert await ask(api, "PUT", "/users/eve/groups/g", params={"ttl": "0"}) == 404
        assert await ask(api, "HEAD", "/users/eve/groups/g") == 404
        assert await ask(api, "PUT", "/users/eve/groups/long", params={"ttl": "31536000"}) == 200
        assert await ask(api, "PUT", "/users/eve/groups/short", params={"ttl": "1"}) == 200
        early = await connected(stack, users.url(NODES[1]), "eve")
        keys = users.redis("--scan", "--pattern", "*{u:eve}:groups").split()
        assert len(keys) == 1 and int(users.redis("PTTL", keys[0])) > 31_000_000_000
        async with asyncio.timeout(5):
            while users.redis("ZCOUNT", keys[0], str(time.time_ns() // 1_000_000), "+inf").strip() != "1":
                await asyncio.sleep(0.05)
        late = await connected(stack, users.url(NODES[2]), "eve")
        assert await ask(api, "POST", "/groups/short/:send", **message("short")) == 202
        assert await ask(api, "POST", "/groups/long/:send", **message("long")) == 202
        assert [await early.told("short"), await early.told("long"), await late.told("long")] == [[]] * 3


async def test_api_is_off_without_a_key() -> None:
    assert "management-key" in run("--port", "0", "--management-key", "short").stderr
    with serving("--port", "0", "--model", "echo") as server:
        async with aiohttp.ClientSession(server.url, headers=AUTHORIZED) as http:
            async with http.head("/api/health") as response:
                assert response.status == 404
