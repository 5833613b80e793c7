"""A chat client over long polling, server-sent events or WebSockets, which does what the JavaScript client does and no more.

Every HTTP request is one of its own, so a balancer in round robin brings each to another node.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from hub_socket import RECORD_SEPARATOR
from reply import Reply

EVENTS = {"typing", "partial", "completed", "failed", "restarted", "retracted"}


class HTTPClient:
    def __init__(self, http: aiohttp.ClientSession, negotiated: dict) -> None:
        self._http, self.path = http, f"/chat?id={negotiated['connectionToken']}"
        self.connection_id: str = negotiated["connectionId"]
        self.replies: dict[str, Reply] = {}
        self.nodes: set[str] = set()
        self.statuses: list[int] = []
        self._completions: dict[str, asyncio.Future[dict]] = {}
        self._handshake: asyncio.Future[dict] = asyncio.get_running_loop().create_future()
        self._began: asyncio.Queue[Reply] = asyncio.Queue()
        self._sending = asyncio.Lock()
        self._number = 0

    # What the client sends: one POST at a time.

    async def send(self, message: dict) -> None:
        async with self._sending, self._http.post(self.path, data=json.dumps(message) + RECORD_SEPARATOR) as response:
            assert (response.status, await response.read()) == (200, b"")

    async def shake_hands(self) -> None:
        await self.send({"protocol": "json", "version": 1})
        assert await asyncio.wait_for(self._handshake, 20) == {}

    async def invoke(self, target: str, *arguments: Any) -> asyncio.Future[dict]:
        number = str(self._number)
        self._number += 1
        completion = self._completions[number] = asyncio.get_running_loop().create_future()
        await self.send({"type": 1, "invocationId": number, "target": target, "arguments": arguments})
        return completion

    async def ask(self, prompt: str) -> Reply:
        await self.invoke("AskAi", prompt)
        return await asyncio.wait_for(self._began.get(), 20)

    async def call(self, target: str, *arguments: Any) -> Any:
        """The result of an invocation."""
        return (await asyncio.wait_for(await self.invoke(target, *arguments), 20))["result"]

    def view(self, message_id: str) -> Reply:
        """A reply that this client has not asked for."""
        return self.replies.setdefault(message_id, Reply(message_id))

    # What it receives: whole messages.

    def take(self, text: str) -> None:
        assert text.endswith(RECORD_SEPARATOR), "a hub message was split"
        for part in text.split(RECORD_SEPARATOR)[:-1]:
            message = json.loads(part)
            if not self._handshake.done():
                self._handshake.set_result(message)
            elif message["type"] == 3:
                self._completions[message["invocationId"]].set_result(message)
            elif message["type"] == 1 and message["target"] in EVENTS:
                self._take_event(message["target"], *message["arguments"])

    def _take_event(self, event: str, message_id: str, *arguments: Any) -> None:
        reply = self.replies.get(message_id)
        if reply is None:
            reply = self.replies[message_id] = Reply(message_id)
            self._began.put_nowait(reply)
        reply.take(event, list(arguments))

    async def poll(self) -> None:
        """Until the connection is over."""
        while True:
            async with self._http.get(f"{self.path}&_={time.time_ns() // 1_000_000}") as response:
                self.statuses.append(response.status)
                if response.status == 204:
                    return
                assert response.status == 200
                if text := await response.text():
                    self.take(text)

    async def read_events(self, response: aiohttp.ClientResponse) -> None:
        data: list[str] = []
        async for line in response.content:
            line = line.decode().rstrip("\r\n")
            if line.startswith("data: "):
                data.append(line.removeprefix("data: "))
            elif not line and data:
                self.take("\n".join(data))
                data = []


@asynccontextmanager
async def long_polling(url: str) -> AsyncIterator[HTTPClient]:
    async with _negotiated(url, "LongPolling") as (http, client, path):
        async with http.get(path) as response:
            assert (response.status, await response.read()) == (200, b"")
        polling = asyncio.create_task(client.poll())
        try:
            await client.shake_hands()
            yield client
        finally:
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
        async with http.delete(path) as response:
            assert response.status == 202


@asynccontextmanager
async def server_sent_events(url: str) -> AsyncIterator[HTTPClient]:
    async with (
        _negotiated(url, "ServerSentEvents") as (http, client, path),
        http.get(path, headers={"Accept": "text/event-stream"}) as response,
    ):
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        assert (await response.content.readline()).startswith(b":")
        reading = asyncio.create_task(client.read_events(response))
        try:
            await client.shake_hands()
            yield client
        finally:
            reading.cancel()


@asynccontextmanager
async def web_sockets(url: str) -> AsyncIterator[HTTPClient]:
    async with _negotiated(url, "WebSockets") as (http, client, path), http.ws_connect(path) as socket:
        client.send = lambda message: socket.send_str(json.dumps(message) + RECORD_SEPARATOR)

        async def read() -> None:
            async for frame in socket:
                client.take(frame.data)

        reading = asyncio.create_task(read())
        try:
            await client.shake_hands()
            yield client
        finally:
            reading.cancel()


@asynccontextmanager
async def _negotiated(url: str, transport: str) -> AsyncIterator[tuple[aiohttp.ClientSession, HTTPClient, str]]:
    timeout = aiohttp.ClientTimeout(total=None, sock_read=100)
    async with aiohttp.ClientSession(url, timeout=timeout) as http:
        async with http.post("/chat/negotiate?negotiateVersion=1") as response:
            answer = await response.json()
        assert transport in [entry["transport"] for entry in answer["availableTransports"]]
        client = HTTPClient(http, answer)
        yield http, client, client.path
