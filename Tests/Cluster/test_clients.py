"""What other people's clients do beyond asking: groups, uploads without a result, and connections that are cut."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from http_client import HTTPClient, web_sockets
from line import line_to
from signalr_clients import JSON_NAME, KINDS, MESSAGEPACK, POLLING, WEBSOCKETS, Kind, SignalRZero, aiosignalr
from test_conformance import of


@of([kind for kind in KINDS if kind.library != "signalr_zero"])
async def test_groups_reach_their_members(url: str, kind: Kind) -> None:
    room = uuid.uuid4().hex
    async with kind.connect(url, "rooms") as client, web_sockets(url, "rooms", kind=HTTPClient) as other:
        called = client.calls("Said")
        assert await client.invoke("Enter", room) == "done"
        await other.invoke("Say", "elsewhere", "to nobody")
        await other.invoke("Say", room, "to all")
        assert await called("Said") == ["to all"]
        heard = other.calls("Said")
        assert await other.invoke("Enter", room) == "done"
        await client.invoke("Say", room, "by a member")
        assert [await called("Said"), await heard("Said")] == [["by a member"]] * 2


async def test_groups_reach_signalr_zero(url: str) -> None:
    room = uuid.uuid4().hex
    client = SignalRZero(url, "rooms")
    called = client.calls("Said")
    async with client.invoked("Enter", room) as entered, web_sockets(url, "rooms", kind=HTTPClient) as other:
        assert await entered() == "done"
        await other.invoke("Say", room, "to all")
        assert await called("Said") == ["to all"]


# Over MessagePack signalrcore leaves the place of the invocation id out, so that nobody can read it.
@of([kind for kind in KINDS if (kind.library, kind.protocol) in
     [("pysignalr", JSON_NAME), ("pysignalr", MESSAGEPACK), ("signalrcore", JSON_NAME)]])
async def test_what_clients_stream_without_an_invocation_id_arrives_in_its_order(url: str, kind: Kind) -> None:
    words = [f"{number}," for number in range(30)]
    async with kind.connect(url, "rooms") as client:
        called = client.calls("Gathered")
        await client.send_stream("Gather", words)
        assert await called("Gathered") == [words]


@of([kind for kind in KINDS if kind.reconnects])
async def test_clients_connect_again_by_themselves(url: str, kind: Kind) -> None:
    room = uuid.uuid4().hex
    async with line_to(url) as line, kind.connect(line.url, "rooms") as client:
        called = client.calls("Said")
        first = await client.invoke("Id")
        line.cut()
        again = await until_answered(client.invoke, "Id")
        # A poll that is cut may be asked again, which ends no connection.
        assert again != first or kind.transport == POLLING
        assert await client.invoke("Enter", room) == "done"
        await client.invoke("Say", room, "again")
        assert await called("Said") == ["again"]


async def test_signalr_zero_connects_again_by_itself(url: str) -> None:
    async with line_to(url) as line, SignalRZero(line.url, "rooms").invoked("Id") as result:
        first = await result()
        line.cut()
        assert await result() != first


@pytest.mark.parametrize("protocol", [JSON_NAME, MESSAGEPACK])
async def test_aiosignalr_goes_on_with_its_connection(url: str, protocol: str) -> None:
    """Its stateful reconnect: the same connection, in its group, and nothing that was said meanwhile is lost."""
    room = uuid.uuid4().hex
    async with (
        line_to(url) as line,
        aiosignalr(line.url, "rooms", WEBSOCKETS, protocol, is_stateful=True) as client,
        web_sockets(url, "rooms", kind=HTTPClient) as other,
    ):
        called = client.calls("Said")
        connection = await client.invoke("Id")
        await client.invoke("Enter", room)
        for round in range(5):
            for number in range(10):
                await other.invoke("Say", room, f"{round}.{number}")
                if number == 5:
                    line.cut()
            assert [await called("Said") for _ in range(10)] == [[f"{round}.{number}"] for number in range(10)]
        assert await client.invoke("Id") == connection


async def until_answered(invoke: Callable[..., Awaitable[Any]], *invocation: Any) -> Any:
    """What is invoked while a client is away is lost, or refused by the client."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await asyncio.wait_for(invoke(*invocation), 2)
            except Exception:
                await asyncio.sleep(0.1)
