"""nginx passes on a request that no node was reached for, and never repeats one that a node may have seen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from cluster import Cluster

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


async def test_node_that_died_is_not_noticed(cluster: Cluster) -> None:
    cluster.kill("node2")
    async with aiohttp.ClientSession(cluster.url()) as http:
        for number in range(12):
            assert await status(http, "POST", "/chat/negotiate", number) == 200
            assert await status(http, "GET", "/health/live", number) == 200


@pytest.mark.parametrize(
    "method, path, headers",
    [("GET", "/chat", UPGRADE), ("GET", "/health/live", {}), ("POST", "/chat/negotiate", {})],
    ids=["WebSocket", "GET", "POST"],
)
async def test_request_that_was_sent_is_not_repeated(
    cluster: Cluster, method: str, path: str, headers: dict
) -> None:
    cluster.kill("node2")
    answered: list[int] = []
    async with (
        aiohttp.ClientSession(cluster.url(), headers=headers) as http,
        node_that_answers_nothing(cluster.port("node2")) as seen,
        asyncio.timeout(20),
    ):
        while not seen:
            answered.append(await status(http, method, path, len(answered)))
    assert [number for number, status in enumerate(answered) if status == 502] == seen


async def status(http: aiohttp.ClientSession, method: str, path: str, number: int) -> int:
    async with http.request(method, f"{path}?number={number}") as response:
        return response.status


@asynccontextmanager
async def node_that_answers_nothing(port: int) -> AsyncIterator[list[int]]:
    """Reads each request, then closes; yields the numbers of those it read."""
    seen: list[int] = []

    async def close_after_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(int(head.partition(b"number=")[2].partition(b" ")[0]))
        writer.close()

    async with await asyncio.start_server(close_after_reading, "127.0.0.1", port):
        yield seen
