"""A client with stateful reconnect, which does what the JavaScript client does with `withStatefulReconnect()`.

It keeps what the server has not acknowledged, acknowledges a second after the first message that was not, and goes on over
another WebSocket when it loses the one it has: one attempt, the same id, a Sequence, and everything that was kept again.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from hub_socket import CLOSED, RECORD_SEPARATOR
from reply import Reply

EVENTS = {"typing", "partial", "completed", "failed", "restarted", "retracted"}
COUNTED = {1, 2, 3, 4, 5}


class StatefulClient:
    def __init__(self, http: aiohttp.ClientSession, urls: list[str], token: str) -> None:
        self._http = http
        self._urls = itertools.cycle([f"{url}/chat?id={token}" for url in urls])
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._changed = asyncio.Condition()
        self.sockets = 0
        # Sending
        self._kept: list[tuple[int, str]] = []
        self._last_sent = 0
        self._reconnecting = True
        self._last_invocation = 0
        # Receiving
        self._next_received = 1
        self.latest_received = 0
        self._waits_for_sequence = False
        self._ack: asyncio.Task | None = None
        # What came of it
        self.replies: dict[str, Reply] = {}
        self._began: asyncio.Queue[Reply] = asyncio.Queue()
        self._completions: dict[str, asyncio.Future[dict]] = {}
        self.completed: list[str] = []

    async def run(self) -> None:
        """Until another WebSocket is refused, or the server says the end."""
        await self._open()
        assert self._socket is not None
        await self._socket.send_str(json.dumps({"protocol": "json", "version": 2}) + RECORD_SEPARATOR)
        assert (await self._socket.receive()).data == "{}" + RECORD_SEPARATOR
        self._reconnecting = False
        while True:
            async with self._changed:
                self.sockets += 1
                self._changed.notify_all()
            await self._read()
            self._reconnecting = self._waits_for_sequence = True
            await self._open()
            await self._resend()

    async def _open(self) -> None:
        self._socket = await self._http.ws_connect(next(self._urls), max_msg_size=0)

    async def _resend(self) -> None:
        first = self._kept[0][0] if self._kept else self._last_sent + 1
        await self._write({"type": 9, "sequenceId": first})
        for _, text in list(self._kept):
            await self._socket.send_str(text)
        self._reconnecting = False

    async def _write(self, message: dict) -> None:
        await self._socket.send_str(json.dumps(message) + RECORD_SEPARATOR)

    # What the client sends

    async def send(self, message: dict) -> None:
        text = json.dumps(message) + RECORD_SEPARATOR
        if message["type"] in COUNTED:
            self._last_sent += 1
            self._kept.append((self._last_sent, text))
        if not self._reconnecting:
            try:
                await self._socket.send_str(text)
            except ConnectionError:
                self._reconnecting = self._waits_for_sequence = True

    async def begin(self, target: str, *arguments: Any) -> asyncio.Future[dict]:
        """The completion of the invocation, later."""
        self._last_invocation += 1
        number = str(self._last_invocation)
        completion = self._completions[number] = asyncio.get_running_loop().create_future()
        await self.send({"type": 1, "invocationId": number, "target": target, "arguments": arguments})
        return completion

    async def invoke(self, target: str, *arguments: Any) -> dict:
        return await asyncio.wait_for(await self.begin(target, *arguments), 30)

    async def ask(self, prompt: str) -> Reply:
        self.asked = await self.begin("AskAi", prompt)
        return await asyncio.wait_for(self._began.get(), 30)

    # What the server sends

    async def _read(self) -> None:
        while True:
            frame = await self._socket.receive()
            if frame.type in CLOSED:
                return
            for text in frame.data.split(RECORD_SEPARATOR)[:-1]:
                self._take(json.loads(text))

    def _take(self, message: dict) -> None:
        if self._waits_for_sequence and message["type"] != 9:
            return
        match message["type"]:
            case 8:
                self._kept = [(number, text) for number, text in self._kept if number > message["sequenceId"]]
            case 9:
                assert message["sequenceId"] <= self._next_received, "the server is ahead of its client"
                self._waits_for_sequence = False
                self._next_received = message["sequenceId"]
            case kind if kind in COUNTED:
                number, self._next_received = self._next_received, self._next_received + 1
                if number >= self.latest_received:
                    self._acknowledge_later()
                if number > self.latest_received:
                    self.latest_received = number
                    self._received(message)
            case 7:
                raise ConnectionError(f"closed: {message}")

    def _acknowledge_later(self) -> None:
        if self._ack is None or self._ack.done():
            self._ack = asyncio.create_task(self._acknowledge())

    async def _acknowledge(self) -> None:
        await asyncio.sleep(1)
        if not self._reconnecting:
            await self._write({"type": 8, "sequenceId": self.latest_received})

    def _received(self, message: dict) -> None:
        if message["type"] == 3:
            self.completed.append(message["invocationId"])
            self._completions[message["invocationId"]].set_result(message)
        elif message["type"] == 1 and message["target"] in EVENTS:
            message_id, *arguments = message["arguments"]
            reply = self.replies.get(message_id)
            if reply is None:
                reply = self.replies[message_id] = Reply(message_id)
                self._began.put_nowait(reply)
            reply.take(message["target"], arguments)

    # Cuts

    def cut(self) -> None:
        """The socket ends with a reset, in the middle of whatever it carries."""
        self._socket._response.connection.transport.abort()

    async def until_sockets(self, count: int) -> None:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: self.sockets >= count)


@asynccontextmanager
async def stateful_client(*urls: str) -> AsyncIterator[tuple[StatefulClient, asyncio.Task]]:
    """Negotiates at the first of the URLs and connects there; its next sockets go to one after the other.

    The task is the client's life: it fails with what ended it."""
    async with aiohttp.ClientSession() as http:
        query = "negotiateVersion=1&useStatefulReconnect=true"
        async with http.post(f"{urls[0]}/chat/negotiate?{query}") as response:
            answer = await response.json()
        assert answer["useStatefulReconnect"] is True
        client = StatefulClient(http, list(urls), answer["connectionToken"])
        life = asyncio.create_task(client.run())
        try:
            await client.until_sockets(1)
            yield client, life
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
