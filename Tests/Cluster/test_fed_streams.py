"""Backends that stream through the hub: each of their requests arrives at another node."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import httpx
import jwt
import pytest

from backend import Backend
from cluster import ROOT, Cluster
from conftest import started
from http_client import HTTPClient, long_polling, server_sent_events, web_sockets
from hub_socket import HubSocket
from reply import Reply
from serve import serving

KEY = "a key that nobody guesses"
AUTHORIZED = {"Authorization": f"Bearer {KEY}"}
HUB = "/api/hubs/chat"
PIECES = [f"{number}: zwölf {'x' * (number % 50)}\n" for number in range(60)]
TRANSPORTS = [web_sockets, server_sent_events, long_polling]


@pytest.fixture(scope="module")
def fed_nodes() -> Iterator[Cluster]:
    yield from started("fed", "--nodes", "3", options=("--management-key", KEY, "--backend-timeout", "5s"))


@pytest.fixture
def fed(fed_nodes: Cluster) -> Iterator[Cluster]:
    yield fed_nodes
    fed_nodes.heal()


@pytest.fixture
async def api(fed: Cluster) -> AsyncIterator[aiohttp.ClientSession]:
    """Through nginx: every request at the next node."""
    async with aiohttp.ClientSession(fed.url(), headers=AUTHORIZED) as api:
        yield api


@asynccontextmanager
async def members_at(fed: Cluster, api: aiohttp.ClientSession, *nodes: str) -> AsyncIterator[list[HTTPClient]]:
    """Clients of a group, one for each transport at each node."""
    async with AsyncExitStack() as stack:
        members = []
        for node in nodes:
            for transport in TRANSPORTS:
                members.append(await stack.enter_async_context(transport(fed.url(node))))
        for member in members:
            await member.invoke("Resume", "unknown", 0)
            async with api.put(f"{HUB}/groups/room/connections/{member.connection_id}") as response:
                assert response.status == 200
        yield members


@pytest.fixture
async def members(fed: Cluster, api: aiohttp.ClientSession) -> AsyncIterator[list[HTTPClient]]:
    async with members_at(fed, api, *fed.nodes) as members:
        yield members


async def seen_by(clients: list[HTTPClient], message_id: str) -> list[Reply]:
    replies = [client.view(message_id) for client in clients]
    for reply in replies:
        await reply.end()
        reply.assert_whole()
        reply.assert_in_order()
    return replies


async def test_every_member_of_a_group_sees_the_whole_text(
    api: aiohttp.ClientSession, members: list[HTTPClient]
) -> None:
    backend = Backend(api)
    message_id = await backend.open(to={"group": "room"})
    for piece in PIECES:
        before = backend.bytes
        await backend.append(piece)
        # The same again, at another node: its answer may have been lost.
        again = await backend.request("append", {"offset": before, "text": piece})
        assert again["bytes"] == backend.bytes
    usage = {"inputTokens": 3, "outputTokens": 500}
    end = await backend.end(usage=usage)
    assert end["finish"] == "completed" and end["chunks"] == len(PIECES)
    for reply in await seen_by(members, message_id):
        assert reply.text == "".join(PIECES)
        assert reply.summary["sha256"] == end["sha256"] and reply.summary["usage"] == usage
    assert await backend.state() == end == await backend.end(usage=usage)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_client_resumes_at_any_node_while_it_is_fed_and_afterwards(
    fed: Cluster, api: aiohttp.ClientSession, transport
) -> None:
    async with transport(fed.url()) as client:
        await client.invoke("Resume", "unknown", 0)
        backend = Backend(api)
        message_id = await backend.open(to={"connection": client.connection_id})
        for piece in PIECES[:20]:
            await backend.append(piece)
        reply = client.view(message_id)
        await reply.until(lambda reply: reply.cursor >= 10)
    async with transport(fed.url()) as client:
        client.replies[message_id] = reply
        assert (await client.invoke("Resume", message_id, reply.cursor))["status"] == "resumed"
        for piece in PIECES[20:]:
            await backend.append(piece)
        await backend.end()
        await reply.end()
        reply.assert_whole()
        assert reply.text == "".join(PIECES)
        late = client.replies[message_id] = Reply(message_id)
        assert (await client.invoke("Resume", message_id, 0))["status"] == "ended"
        await late.end()
        late.assert_whole()


async def test_client_that_stops_it_stops_its_backend(api: aiohttp.ClientSession, members: list[HTTPClient]) -> None:
    for stopper in members[::4]:
        backend = Backend(api)
        message_id = await backend.open(to={"group": "room"})
        for piece in PIECES[:5]:
            await backend.append(piece)
        assert (await stopper.invoke("Stop", message_id))["status"] == "stopped"
        for _ in range(3):
            refusal = await backend.request("append", {"offset": backend.bytes, "text": "more"}, status=410)
            assert refusal["code"] == "StreamEnded" and refusal["stream"]["finish"] == "stopped"
            assert refusal["stream"]["bytes"] == backend.bytes
        for reply in await seen_by(members, message_id):
            assert reply.summary["finish"] == "stopped" and reply.text == backend.text


async def test_backend_stops_what_it_and_what_models_write(
    api: aiohttp.ClientSession, members: list[HTTPClient]
) -> None:
    backend = Backend(api)
    await backend.open(to={"group": "room"})
    await backend.append("text")
    stopped = await backend.request("stop")
    assert stopped["finish"] == "stopped" and stopped["sha256"] == hashlib.sha256(b"text").hexdigest()
    reply = await members[0].ask("chunks=100000,interval=5ms,size=20")
    while reply.message_id == backend.message_id:
        reply = await members[0].ask("chunks=100000,interval=5ms,size=20")
    backend.message_id = reply.message_id
    await backend.request("append", {"offset": 0, "text": "x"}, status=404)
    assert (await backend.request("stop"))["finish"] == "stopped"
    assert (await reply.end())["finish"] == "stopped"


async def test_stream_goes_on_when_the_node_that_wrote_is_killed(fed: Cluster) -> None:
    """The backend is answered late once, and its clients at the other nodes notice nothing."""
    async with AsyncExitStack() as stack:
        first, second, third = [
            await stack.enter_async_context(aiohttp.ClientSession(fed.url(node), headers=AUTHORIZED))
            for node in fed.nodes
        ]
        members = await stack.enter_async_context(members_at(fed, second, *fed.nodes[1:]))
        backend = Backend(first)
        message_id = await backend.open(to={"group": "room"})
        for number, piece in enumerate(PIECES[:9]):
            backend._http = [first, second, third][number % 3]
            await backend.append(piece)
        replies = [member.view(message_id) for member in members]
        for reply in replies:
            await reply.until(lambda reply: reply.text == backend.text)
        fed.kill(fed.nodes[0])
        killed = time.monotonic()
        for number, piece in enumerate(PIECES[9:]):
            backend._http = [second, third][number % 2]
            await backend.append(piece)
            assert time.monotonic() - killed < 7
        await backend.end()
        for reply in await seen_by(members, message_id):
            assert reply.text == "".join(PIECES)


async def test_redis_restarts_while_backends_feed(fed: Cluster, api: aiohttp.ClientSession) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(web_sockets(fed.url())) for _ in range(6)]
        backends = []
        for client in clients:
            await client.invoke("Resume", "unknown", 0)
            backends.append(Backend(api))
            await backends[-1].open(to={"connection": client.connection_id})

        async def feed(backend: Backend, pieces: list[str]) -> None:
            for piece in pieces:
                await backend.append(piece)
                await asyncio.sleep(0.02)

        await asyncio.gather(*(feed(backend, PIECES[:15]) for backend in backends))
        feeding = asyncio.gather(*(feed(backend, PIECES[15:]) for backend in backends))
        await asyncio.to_thread(fed.kill, "redis")
        await asyncio.to_thread(fed.start, "redis")
        await feeding
        assert any(backend.retries for backend in backends)
        for client, backend in zip(clients, backends):
            await backend.end()
            [reply] = await seen_by([client], backend.message_id)
            assert reply.text == "".join(PIECES)


async def test_silent_backend_is_lost(api: aiohttp.ClientSession, members: list[HTTPClient]) -> None:
    silent, alive = Backend(api), Backend(api)
    message_id = await silent.open(to={"group": "room"})
    await alive.open()
    await silent.append("text")
    reply = members[4].view(message_id)
    while not reply.has_ended:
        await alive.append("")
        await asyncio.sleep(0.5)
    assert reply.problem["code"] == "backend_lost" and reply.text == "text"
    reply.assert_in_order()
    refusal = await silent.request("append", {"offset": 4, "text": "more"}, status=410)
    assert refusal["stream"]["problem"]["code"] == "backend_lost"
    await alive.append("still here")
    assert (await alive.end(finish="filtered"))["finish"] == "filtered"


async def test_example_of_the_readme_streams_to_a_user() -> None:
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    names: dict = {"httpx": httpx, "time": time, "Iterable": Iterable}
    exec(example, names)
    secret = "a secret of more than 32 bytes, as it must be"
    options = ("--model", "echo", "--management-key", KEY, "--jwt-secret", secret)
    with serving("--port", "0", *options) as server:
        token = {"Authorization": "Bearer " + jwt.encode({"sub": "ada", "exp": 2**33}, secret, algorithm="HS256")}
        async with aiohttp.ClientSession(server.url) as http, http.ws_connect("/chat", headers=token) as socket:
            client = HubSocket(socket)
            await client.handshake()
            await client.invoke("Nobody")
            with httpx.Client(base_url=server.url, headers={"api-key": KEY}) as api:
                await asyncio.to_thread(names["stream_reply"], api, "ada", ["Hällo ", "there"])
            reply = Reply("")
            while not reply.has_ended:
                message = await client.receive()
                reply.take(message["target"], message["arguments"][1:])
            reply.assert_whole()
            assert reply.text == "Hällo there"


async def test_what_is_wrong_is_said_and_loses_nothing(api: aiohttp.ClientSession) -> None:
    backend = Backend(api)
    message_id = "0123456789abcdef" * 2
    assert await backend.open(messageId=message_id) == message_id == await backend.open(messageId=message_id)
    await backend.append("zwölf")
    for offset, text, code in [(7, "x", "WrongOffset"), (3, "x", "OtherText"), (0, "elf", "OtherText")]:
        refusal = await backend.request("append", {"offset": offset, "text": text}, status=409)
        assert (refusal["code"], refusal["stream"]["bytes"]) == (code, 6)
    assert (await backend.request("end", {"offset": 5}, status=409))["code"] == "WrongOffset"
    for body in [None, {}, {"offset": 6}, {"offset": -1, "text": ""}, {"offset": "6", "text": ""}, {"offset": 6, "text": 1}]:
        assert (await backend.request("append", body, status=400))["code"] == "BadBody"
    problem = {"code": "tired", "message": "The model is tired."}
    ends = [{"finish": "stopped"}, {"finish": "failed"}, {"problem": problem}, {"usage": {}}]
    ends += [{"finish": "failed", "problem": problem | change} for change in ({"code": ""}, {"message": "x" * 1025})]
    for end in ends:
        assert (await backend.request("end", {"offset": 6, **end}, status=400))["code"] == "BadBody"
    assert (await backend.end(finish="failed", problem=problem))["problem"] == problem | {"retryable": False}
    assert (await backend.request("end", {"offset": 6}, status=410))["stream"]["finish"] == "failed"
    openings = [
        ({"to": {"group": "nobody"}}, 404), ({"to": {"connection": "nobody"}}, 404), ({"to": {"user": "nobody"}}, 404),
        ({"to": {}}, 400), ({"to": {"group": "a", "user": "b"}}, 400), ({"to": {"group": ""}}, 400),
        ({"user": "x" * 1025}, 400), ({"messageId": "short"}, 400), ([], 400),
    ]
    for opening, status in openings:
        async with api.post(f"{HUB}/streams", json=opening) as response:
            assert response.status == status, opening
    backend.message_id = "f" * 32
    began = time.monotonic()
    assert (await backend.request("append", {"offset": 0, "text": ""}, status=404))["code"] == "NoSuchStream"
    assert time.monotonic() - began < 1
    for method, path, status in [("GET", "", 405), ("POST", f"/{message_id}", 405), ("PUT", f"/{message_id}/:end", 405)]:
        async with api.request(method, f"{HUB}/streams{path}") as response:
            assert response.status == status
