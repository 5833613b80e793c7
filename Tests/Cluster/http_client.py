"""A client over long polling, server-sent events or WebSockets, which does what the JavaScript client does and no more.

Every HTTP request is one of its own, so a balancer in round robin brings each to another node.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
from yarl import URL

from chat_client import EVENTS, HubError
from http2_session import HTTP2Session
from hub_protocols import JSON, RECORD_SEPARATOR, MessagePack
from reply import Reply

MAXIMUM_REDIRECTS = 100


def session_of_http_1() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None, sock_read=100),
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        connector=aiohttp.TCPConnector(ssl=False),
    )


class HTTPClient:
    """Over HTTP/1.1, or what its session speaks."""

    session = staticmethod(session_of_http_1)

    def __init__(
        self, http: aiohttp.ClientSession, url: URL, protocol: JSON | MessagePack, headers: dict[str, str],
        connection_id: str,
    ) -> None:
        """The URL is that of the connection, with its token; the headers go with each request but an EventSource's."""
        self.connection_id = connection_id
        self._http, self.url, self._protocol, self.headers = http, url, protocol, headers
        self.statuses: list[int] = []
        self._pending: dict[str, asyncio.Queue[dict]] = {}
        self._handlers: dict[str, Callable[..., Any]] = {}
        self._handshake: asyncio.Future[dict] = asyncio.get_running_loop().create_future()
        self._unsent = b""
        self._sending = asyncio.Lock()
        self._answering: set[asyncio.Task] = set()
        self._number = 0

    # What the client sends: one POST at a time; what comes meanwhile goes with the next one.

    async def send(self, *messages: dict) -> None:
        await self.post(b"".join(self._protocol.encode(message) for message in messages))

    async def post(self, data: bytes) -> None:
        self._unsent += data
        async with self._sending:
            body, self._unsent = self._unsent, b""
            if not body:
                return
            headers = {"Content-Type": self._protocol.content_type} | self.headers
            async with self._http.post(self.url, data=body, headers=headers) as response:
                assert (response.status, await response.read()) == (200, b"")

    async def shake_hands(self) -> None:
        handshake = {"protocol": self._protocol.name, "version": 1}
        await self.post((json.dumps(handshake) + RECORD_SEPARATOR).encode())
        assert await asyncio.wait_for(self._handshake, 20) == {}

    async def invoke(self, target: str, *arguments: Any) -> Any:
        number = self.next_number()
        await self.send({"type": 1, "invocationId": number, "target": target, "arguments": arguments})
        return await self.completion(number)

    async def stream(self, target: str, *arguments: Any) -> list:
        """The items of a stream, when it has ended."""
        number = self.next_number()
        await self.send({"type": 4, "invocationId": number, "target": target, "arguments": arguments})
        items: list = []
        await self.completion(number, items)
        return items

    async def upload(self, target: str, items: Iterable, error: str | None = None) -> Any:
        """Invokes a method that reads a stream of the client's."""
        number, stream = self.next_number(), self.next_number()
        await self.send(
            {"type": 1, "invocationId": number, "target": target, "arguments": [], "streamIds": [stream]}
        )
        for item in items:
            await self.send({"type": 2, "invocationId": stream, "item": item})
        await self.send({"type": 3, "invocationId": stream} | ({"error": error} if error else {}))
        return await self.completion(number)

    def calls(self, *targets: str) -> Callable[[str], Awaitable[list]]:
        """Listens to these methods; what is returned waits for the next call of one and has its arguments."""
        called: dict[str, asyncio.Queue[list]] = {target: asyncio.Queue() for target in targets}
        for target, queue in called.items():
            self._handlers[target.lower()] = lambda *arguments, queue=queue: queue.put_nowait(list(arguments))
        return lambda target: asyncio.wait_for(called[target].get(), 20)

    def answers(self, target: str, answer: Callable[..., Any]) -> None:
        """What the hub is told when it asks."""
        self._handlers[target.lower()] = answer

    def next_number(self) -> str:
        number = str(self._number)
        self._number += 1
        self._pending[number] = asyncio.Queue()
        return number

    async def completion(self, number: str, items: list | None = None) -> Any:
        while (message := await asyncio.wait_for(self._pending[number].get(), 30))["type"] == 2:
            assert items is not None, "an item came for what is no stream"
            items.append(message["item"])
        if "error" in message:
            raise HubError(message["error"])
        return message.get("result")

    # What it receives: whole messages.

    def take(self, data: bytes) -> None:
        if not self._handshake.done():
            handshake, _, data = data.partition(RECORD_SEPARATOR.encode())
            self._handshake.set_result(json.loads(handshake))
        for message in self._protocol.decode(data) if data else []:
            if message["type"] in (2, 3):
                self._pending[message["invocationId"]].put_nowait(message)
            elif message["type"] == 1:
                self._called(message)

    def _called(self, message: dict) -> None:
        handler = self._handlers.get(message["target"].lower())
        error, result = None, None
        try:
            result = handler(*message["arguments"]) if handler else None
        except Exception as exception:
            error = f"Error: {exception}"
        if number := message.get("invocationId"):
            if result is None and error is None:
                error = "Client didn't provide a result."
            answer = {"type": 3, "invocationId": number} | ({"error": error} if error else {"result": result})
            self._answering.add(asyncio.create_task(self.send(answer)))

    def get(self) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """A poll."""
        return self._http.get(self.url.update_query(_=time.time_ns() // 1_000_000), headers=self.headers)

    async def poll(self) -> None:
        """Until the connection is over."""
        while True:
            async with self.get() as response:
                self.statuses.append(response.status)
                if response.status == 204:
                    return
                assert response.status == 200
                if body := await response.read():
                    self.take(body)

    def start_polling(self) -> None:
        self.polling = asyncio.create_task(self.poll())

    async def stop_polling(self) -> None:
        self.polling.cancel()
        await asyncio.gather(self.polling, return_exceptions=True)

    async def waiting_poll(self) -> asyncio.Task[tuple[int, bytes]]:
        """A poll that waits for messages at the connection's home; its status and body."""

        async def poll() -> tuple[int, bytes]:
            async with self.get() as response:
                return response.status, await response.read()

        # To the older of two polls the newer one is the end: when that is told, the other has taken its place.
        polls = [asyncio.create_task(poll()) for _ in range(2)]
        ended, waiting = await asyncio.wait(polls, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        assert [await poll for poll in ended] == [(204, b"")]
        return waiting.pop()

    async def read_events(self, response: aiohttp.ClientResponse) -> None:
        data: list[bytes] = []
        async for line in response.content:
            line = line.rstrip(b"\r\n")
            if line.startswith(b"data: "):
                data.append(line.removeprefix(b"data: "))
            elif not line and data:
                self.take(b"\n".join(data))
                data = []


class HTTP2Client(HTTPClient):
    session = HTTP2Session


class ChatHTTPClient(HTTPClient):
    def __init__(self, *connection: Any) -> None:
        super().__init__(*connection)
        self.replies: dict[str, Reply] = {}
        self._began: asyncio.Queue[Reply] = asyncio.Queue()
        for event in EVENTS:
            self._handlers[event] = lambda *arguments, event=event: self._take_event(event, *arguments)

    async def ask(self, prompt: str) -> Reply:
        await self.send({"type": 1, "invocationId": self.next_number(), "target": "AskAi", "arguments": [prompt]})
        return await asyncio.wait_for(self._began.get(), 20)

    def view(self, message_id: str) -> Reply:
        """A reply that this client has not asked for."""
        return self.replies.setdefault(message_id, Reply(message_id))

    def _take_event(self, event: str, message_id: str, *arguments: Any) -> None:
        reply = self.replies.get(message_id)
        if reply is None:
            reply = self.replies[message_id] = Reply(message_id)
            self._began.put_nowait(reply)
        reply.take(event, list(arguments))


class ChatHTTP2Client(ChatHTTPClient):
    session = HTTP2Session


@asynccontextmanager
async def long_polling(
    url: str, hub: str = "chat", protocol: JSON | MessagePack | None = None, kind: type[HTTPClient] = ChatHTTPClient,
    token: str | None = None,
) -> AsyncIterator[HTTPClient]:
    async with negotiated(f"{url}/{hub}", "LongPolling", protocol or JSON(), kind, token) as (http, client):
        async with client.get() as response:
            assert (response.status, await response.read()) == (200, b"")
        client.start_polling()
        try:
            await client.shake_hands()
            yield client
            if not client.polling.done():
                await client.send({"type": 7})
        finally:
            await client.stop_polling()
        async with http.delete(client.url, headers=client.headers) as response:
            assert response.status in (202, 404)


@asynccontextmanager
async def server_sent_events(
    url: str, hub: str = "chat", protocol: JSON | None = None, kind: type[HTTPClient] = ChatHTTPClient,
    token: str | None = None,
) -> AsyncIterator[HTTPClient]:
    async with negotiated(f"{url}/{hub}", "ServerSentEvents", protocol or JSON(), kind, token) as (http, client):
        url = client.url.update_query(access_token=token) if token else client.url
        async with http.get(url, headers={"Accept": "text/event-stream"}) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/event-stream"
            assert (await response.content.readline()).startswith(b":")
            async with talking(client, client.read_events(response)):
                yield client


@asynccontextmanager
async def web_sockets(
    url: str, hub: str = "chat", protocol: JSON | MessagePack | None = None, kind: type[HTTPClient] = ChatHTTPClient,
    token: str | None = None,
) -> AsyncIterator[HTTPClient]:
    protocol = protocol or JSON()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        negotiated(f"{url}/{hub}", "WebSockets", protocol, kind, token) as (http, client),
        http.ws_connect(client.url, headers=headers) as socket,
    ):
        send = socket.send_str if protocol.transfer_format == "Text" else socket.send_bytes
        client.post = lambda data: send(data.decode() if protocol.transfer_format == "Text" else data)

        async def read() -> None:
            async for frame in socket:
                client.take(frame.data.encode() if isinstance(frame.data, str) else frame.data)

        async with talking(client, read()):
            yield client


@asynccontextmanager
async def talking(client: HTTPClient, read: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """From the handshake to the client's Close, unless the server has ended the connection."""
    reading = asyncio.create_task(read)
    try:
        await client.shake_hands()
        yield
        if not reading.done():
            await client.send({"type": 7})
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


@asynccontextmanager
async def negotiated(
    url: str, transport: str, protocol: JSON | MessagePack, kind: type[HTTPClient] = HTTPClient,
    token: str | None = None,
) -> AsyncIterator[tuple[aiohttp.ClientSession, HTTPClient]]:
    """Negotiates, follows redirects, and keeps the cookies, as the JavaScript client in Node does."""
    headers = {"X-Requested-With": "XMLHttpRequest"} | ({"Authorization": f"Bearer {token}"} if token else {})
    async with kind.session() as http:
        target = URL(url)
        for _ in range(MAXIMUM_REDIRECTS):
            negotiation = (target / "negotiate").with_query(target.query).update_query(negotiateVersion=1)
            async with http.post(negotiation, headers=headers) as response:
                if response.status != 200:
                    raise PermissionError(f"{await response.text() or response.reason}: Status code '{response.status}'")
                answer = json.loads(await response.text())
            if "url" not in answer:
                break
            target = URL(answer["url"])
        formats = {entry["transport"]: entry["transferFormats"] for entry in answer["availableTransports"]}
        assert protocol.transfer_format in formats[transport]
        yield http, kind(http, target.update_query(id=answer["connectionToken"]), protocol, headers, answer["connectionId"])
