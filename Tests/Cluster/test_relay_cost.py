"""What a request costs that arrives at another node than its connection's home: messages, as Redis sees them published."""

import asyncio
import json
import re
import uuid
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from yarl import URL

from cluster import Cluster
from http_client import HTTPClient, negotiated
from hub_protocols import JSON

REQUESTS = 10


class Monitor:
    """Redis' MONITOR: every command, in its order."""

    def __init__(self, cluster: Cluster, process: Process) -> None:
        self._cluster, self._process = cluster, process

    async def published(self) -> list[str]:
        """The channels of what was published since the last time, but for those on which nodes listen for themselves."""
        marker = uuid.uuid4().hex
        await asyncio.to_thread(self._cluster.redis, "ECHO", marker)
        channels = []
        async with asyncio.timeout(20):
            while marker not in (line := (await self._process.stdout.readline()).decode()):
                found = re.search(r'\] "PUBLISH" "([^"]+)"', line, re.IGNORECASE)
                if found and "{canary:" not in found[1]:
                    channels.append(found[1])
        return channels


@pytest.fixture
async def monitor(conformance_cluster: Cluster) -> AsyncIterator[Monitor]:
    port = str(conformance_cluster.port("redis"))
    process = await asyncio.create_subprocess_exec(
        "redis-cli", "-p", port, "MONITOR", stdout=PIPE, stderr=DEVNULL, limit=1 << 20
    )
    try:
        assert await process.stdout.readline() == b"OK\n"
        yield Monitor(conformance_cluster, process)
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def polling(cluster: Cluster, home: str) -> AsyncIterator[HTTPClient]:
    """A client whose connection lives at this node, and which polls when it is told to."""
    async with negotiated(f"{cluster.url(home)}/testhub", "LongPolling", JSON()) as (http, client):
        async with client.get() as response:
            assert (response.status, await response.read()) == (200, b"")
        handshake = asyncio.create_task(client.shake_hands())
        await poll(client)
        await handshake
        yield client
        client.url = at(cluster, home, client)
        async with http.delete(client.url) as response:
            assert response.status == 202


def at(cluster: Cluster, node: str, client: HTTPClient) -> URL:
    return client.url.with_port(cluster.port(node))


async def poll(client: HTTPClient) -> None:
    async with client.get() as response:
        assert response.status == 200
        client.take(await response.read())


def echo(number: int | None = None) -> bytes:
    message = {"type": 1, "target": "Echo", "arguments": ["hello"]}
    return (json.dumps(message | ({"invocationId": str(number)} if number is not None else {})) + "\x1e").encode()


async def test_requests_at_home_publish_nothing(conformance_cluster: Cluster, monitor: Monitor) -> None:
    async with polling(conformance_cluster, "node1") as client:
        await monitor.published()
        for _ in range(REQUESTS):
            number = client.next_number()
            await client.post(echo(int(number)))
            await poll(client)
            assert await client.completion(number) == "hello"
        assert await monitor.published() == []


async def test_post_at_another_node_is_two_messages(conformance_cluster: Cluster, monitor: Monitor) -> None:
    async with polling(conformance_cluster, "node1") as client:
        client.url = at(conformance_cluster, "node2", client)
        await client.post(echo())
        await monitor.published()
        for _ in range(REQUESTS):
            await client.post(echo())
        channels = await monitor.published()
        kinds = [re.search(r"\{(\w):", channel)[1] for channel in channels]
        assert kinds == ["c", "n"] * REQUESTS


async def test_poll_at_another_node_is_four_messages_at_most(conformance_cluster: Cluster, monitor: Monitor) -> None:
    async with polling(conformance_cluster, "node1") as client:
        home, other = client.url, at(conformance_cluster, "node2", client)
        await monitor.published()
        channels: list[str] = []
        for _ in range(REQUESTS):
            client.url, sent = other, len(channels)
            polled = asyncio.create_task(poll(client))
            # It is on its way, or waits at its home: the answer comes to the post there.
            async with asyncio.timeout(10):
                while len(channels) == sent:
                    channels += await monitor.published()
            client.url = home
            number = client.next_number()
            await client.post(echo(int(number)))
            assert await client.completion(number) == "hello"
            await polled
            channels += await monitor.published()
        assert 2 * REQUESTS <= len(channels) <= 4 * REQUESTS
