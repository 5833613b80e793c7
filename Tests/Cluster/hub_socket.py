"""A WebSocket to a hub that sends whatever a test wants it to, right or wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

RECORD_SEPARATOR = "\x1e"
CLOSED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


class HubSocket:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._received: list[dict] = []

    async def send_text(self, text: str) -> None:
        await self._socket.send_str(text)

    async def send(self, *messages: dict) -> None:
        await self.send_text("".join(json.dumps(message) + RECORD_SEPARATOR for message in messages))

    async def handshake(self) -> None:
        await self.send({"protocol": "json", "version": 1})
        assert await self.receive() == {}

    async def receive(self) -> dict | None:
        """The next message but a ping; None when the connection has ended."""
        async with asyncio.timeout(20):
            while True:
                while self._received:
                    message = self._received.pop(0)
                    if message.get("type") != 6:
                        return message
                frame = await self._socket.receive()
                if frame.type in CLOSED:
                    return None
                text = frame.data if isinstance(frame.data, str) else frame.data.decode()
                assert text.endswith(RECORD_SEPARATOR), "a hub message was split over two frames"
                self._received = [json.loads(part) for part in text.split(RECORD_SEPARATOR)[:-1]]

    async def invoke(self, target: str, *arguments: Any) -> dict:
        """The completion of the invocation."""
        await self.send({"type": 1, "invocationId": "7", "target": target, "arguments": arguments})
        return await self.completion()

    async def completion(self) -> dict:
        while (message := await self.receive()) is not None:
            if message["type"] == 3:
                return message
        raise AssertionError("the connection ended")


@asynccontextmanager
async def hub_socket(url: str, hub: str = "chat") -> AsyncIterator[HubSocket]:
    """Without negotiation, which is allowed for WebSockets."""
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/{hub}", max_msg_size=0) as socket:
        yield HubSocket(socket)
