"""A balancer may keep a poll open at a node for a client that has gone: the client's next poll takes its place."""

import asyncio

import pytest

from cluster import Cluster
from http_client import HTTPClient, long_polling

ROUNDS = 6


@pytest.mark.parametrize("balancer", ["nginx", "haproxy"])
async def test_newest_poll_takes_over_and_the_dead_one_gets_nothing(conformance_cluster: Cluster, balancer: str) -> None:
    async with long_polling(conformance_cluster.url(balancer), "testhub", kind=HTTPClient) as client:
        for number in range(ROUNDS):
            dead = await dead_poll(client)
            client.start_polling()
            text = f"after death {number}"
            answer = await asyncio.wait_for(dead, 5)
            # nginx ends a poll with its client, HAProxy keeps it.
            assert answer == b"" if balancer == "nginx" else answer.startswith(b"HTTP/1.1 204 ")
            assert await asyncio.wait_for(client.invoke("Echo", text), 5) == text


async def dead_poll(client: HTTPClient) -> asyncio.Task[bytes]:
    """A poll that took the place of the client's own, and whose sender then said no more: how its answer begins."""
    while True:
        reader, writer = await asyncio.open_connection(client.url.host, client.url.port)
        writer.write(f"GET {client.url.path_qs} HTTP/1.1\r\nHost: {client.url.authority}\r\n\r\n".encode())
        answer = asyncio.create_task(status_line(reader, writer))
        # To the one that it replaced, the newer poll is the end: that tells which of two that were under way came later.
        await asyncio.wait({client.polling, answer}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        if client.polling.done():
            assert client.statuses[-1] == 204
            writer.write_eof()
            return answer
        assert (await answer).startswith(b"HTTP/1.1 204 ")


async def status_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    line = await reader.readline()
    writer.close()
    return line
