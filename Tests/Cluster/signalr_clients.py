"""SignalR clients that know nothing of this project, and that of `http_client`, under one set of names."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiosignalr import client as aiosignalr_client
from aiosignalr.client.retry import RetryContext, RetryPolicy
from aiosignalr.errors import HubException
from pysignalr.protocol.json import JSONProtocol
from pysignalr.protocol.messagepack import MessagepackProtocol
from signalr_zero import SignalRClient as ZeroClient
from signalrcore.hub.handlers import StreamHandler
from signalrcore.hub_connection_builder import HubConnectionBuilder
from signalrcore.messages.stream_invocation_message import StreamInvocationMessage
from signalrcore.subject import Subject
from signalrcore.types import HttpTransportType, HubProtocolEncoding

from chat_client import ChatClient, HubError
from http_client import HTTPClient, long_polling, server_sent_events, web_sockets
from hub_protocols import JSON, MessagePack


class Called:
    """Calls of a client's methods, from any thread: wait for the next one of a target with `called(target)`."""

    def __init__(self, *targets: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: dict[str, asyncio.Queue[list]] = {target: asyncio.Queue() for target in targets}

    def put(self, target: str, arguments: list) -> None:
        self._loop.call_soon_threadsafe(self._calls[target].put_nowait, arguments)

    def __call__(self, target: str) -> Awaitable[list]:
        return asyncio.wait_for(self._calls[target].get(), 20)


class AIOSignalR:
    def __init__(self, connection: aiosignalr_client.HubConnection) -> None:
        self._connection = connection

    async def invoke(self, method: str, *arguments: Any) -> Any:
        try:
            return await asyncio.wait_for(self._connection.invoke(method, *arguments), 30)
        except HubException as error:
            raise HubError(str(error)) from error

    async def stream(self, method: str, *arguments: Any) -> list:
        try:
            async with asyncio.timeout(30):
                return [item async for item in await self._connection.stream(method, *arguments)]
        except HubException as error:
            raise HubError(str(error)) from error

    async def upload(self, method: str, items: Iterable) -> Any:
        async with asyncio.timeout(30), self._connection.client_stream(method) as stream:
            for item in items:
                await stream.send_item(item)
        return stream.result

    def calls(self, *targets: str) -> Called:
        called = Called(*targets)
        for target in targets:
            self._connection.on(target, lambda *arguments, target=target: called.put(target, list(arguments)))
        return called

    def answers(self, target: str, answer: Callable[..., Any]) -> None:
        self._connection.on(target, answer)


class AtOnce(RetryPolicy):
    def next_retry_delay(self, context: RetryContext) -> float | None:
        return 0.1 if context.previous_retry_count < 50 else None


@asynccontextmanager
async def aiosignalr(
    url: str, hub: str, transport: str, protocol: str, is_stateful: bool = False
) -> AsyncIterator[AIOSignalR]:
    connection = aiosignalr_client.HubConnection(protocol=protocol).with_retry_policy(AtOnce())
    if is_stateful:
        connection.with_stateful_reconnect()
    await asyncio.wait_for(connection.start(f"{url}/{hub}", transports={transport}), 30)
    try:
        yield AIOSignalR(connection)
    finally:
        await asyncio.wait_for(connection.stop(), 30)


class SignalRCore:
    """Its callbacks come from a thread of its own."""

    def __init__(self, url: str, transport: HttpTransportType, encoding: HubProtocolEncoding) -> None:
        self._loop = asyncio.get_running_loop()
        retry = {"type": "raw", "keep_alive_interval": 10, "reconnect_interval": 0.1, "max_attempts": 50}
        self._hub = (
            HubConnectionBuilder()
            .with_url(url, options={"transport": transport})
            .with_hub_protocol(encoding)
            .with_automatic_reconnect(retry)
            .build()
        )
        self._completions: dict[str, asyncio.Future] = {}
        self._hub.on_error(self._failed)

    async def start(self) -> None:
        await asyncio.to_thread(self._hub.start)
        async with asyncio.timeout(20):
            while not self._hub.transport.is_connected():
                await asyncio.sleep(0.01)

    def stop(self) -> None:
        """Not waited for: it waits for a thread that reads from the closed socket, and that until the next ping."""
        threading.Thread(target=self._hub.stop, daemon=True).start()

    async def invoke(self, method: str, *arguments: Any) -> Any:
        number = str(len(self._completions))
        completion = self._completions[number] = self._loop.create_future()
        await asyncio.to_thread(self._hub.invoke, method, list(arguments), self._completed, number)
        return await asyncio.wait_for(completion, 30)

    async def stream(self, method: str, *arguments: Any) -> list:
        items: list = []
        number = str(len(self._completions))
        completion = self._completions[number] = self._loop.create_future()
        # What its `stream` does, but in an order in which no item comes before somebody listens.
        stream = StreamHandler(method, number)
        stream.subscribe({"next": items.append, "complete": self._completed, "error": self._failed})
        self._hub.stream_handlers[number].append(stream)
        message = StreamInvocationMessage(number, method, list(arguments), headers={})
        await asyncio.to_thread(self._hub.transport.send, message)
        await asyncio.wait_for(completion, 30)
        return items

    async def send_stream(self, method: str, items: Iterable) -> None:
        subject = Subject()

        def send() -> None:
            self._hub.send(method, subject)
            for item in items:
                subject.next(item)
            subject.complete()

        await asyncio.to_thread(send)

    def calls(self, *targets: str) -> Called:
        called = Called(*targets)
        for target in targets:
            self._hub.on(target, lambda arguments, target=target: called.put(target, arguments))
        return called

    def _completed(self, message: Any) -> None:
        self._loop.call_soon_threadsafe(self._completions[message.invocation_id].set_result, message.result)

    def _failed(self, message: Any) -> None:
        error = HubError(message.error)
        self._loop.call_soon_threadsafe(self._completions[message.invocation_id].set_exception, error)


@asynccontextmanager
async def signalrcore(
    url: str, hub: str, transport: HttpTransportType, encoding: HubProtocolEncoding
) -> AsyncIterator[SignalRCore]:
    client = SignalRCore(f"{url}/{hub}", transport, encoding)
    await client.start()
    try:
        yield client
    finally:
        client.stop()


class SignalRZero:
    """It invokes one method each time when it has connected, and no further one: so each invocation is a connection."""

    def __init__(self, url: str, hub: str) -> None:
        self._url, self._hub = url, hub
        self._called: Called | None = None
        self._targets: tuple[str, ...] = ()

    async def invoke(self, method: str, *arguments: Any) -> Any:
        async with self.invoked(method, *arguments) as result:
            return await result()

    @asynccontextmanager
    async def invoked(self, method: str, *arguments: Any) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
        """A connection that goes on, and begins anew when it was cut; what is yielded waits for the next result."""
        loop = asyncio.get_running_loop()
        client = ZeroClient(
            self._url, f"/{self._hub}", subscribe=method, subscribe_args=list(arguments), reconnect_delay=0.1, timeout=20
        )
        completions: asyncio.Queue[tuple[Any, str | None]] = asyncio.Queue()

        @client.on("__completion__")
        def completed(_: str, result: Any, error: str | None) -> None:
            loop.call_soon_threadsafe(completions.put_nowait, (result, error))

        for target in self._targets:
            client.on(target)(lambda *values, target=target: self._called.put(target, list(values)))

        async def result() -> Any:
            value, error = await asyncio.wait_for(completions.get(), 20)
            if error:
                raise HubError(error)
            return value

        running = threading.Thread(target=client.run)
        running.start()
        try:
            yield result
        finally:
            client.stop()
            await asyncio.to_thread(running.join, 30)

    def calls(self, *targets: str) -> Called:
        self._called, self._targets = Called(*targets), targets
        return self._called


@asynccontextmanager
async def signalr_zero(url: str, hub: str) -> AsyncIterator[SignalRZero]:
    yield SignalRZero(url, hub)


@dataclass(frozen=True)
class Kind:
    """A client, by the library that it is of, its transport and its protocol."""

    library: str
    transport: str
    protocol: str
    connect: Callable[[str, str], AbstractAsyncContextManager]

    def __str__(self) -> str:
        return f"{self.library}-{self.transport}-{self.protocol}"

    @property
    def streams(self) -> bool:
        return self.library != "signalr_zero"

    @property
    def uploads(self) -> bool:
        """Whether it can wait for the result of a method that it uploads to."""
        return self.library in ("aiosignalr", "javascript")

    @property
    def answers(self) -> bool:
        """Whether it answers what the hub asks."""
        return self.library in ("aiosignalr", "javascript", "pysignalr")

    @property
    def reconnects(self) -> bool:
        """Whether it does so by itself."""
        return self.library in ("aiosignalr", "pysignalr") or self.library == "signalrcore" and self.transport == WEBSOCKETS


WEBSOCKETS, EVENTS, POLLING = "WebSockets", "ServerSentEvents", "LongPolling"
JSON_NAME, MESSAGEPACK = "json", "messagepack"


def _kinds() -> list[Kind]:
    kinds = [
        Kind("pysignalr", WEBSOCKETS, JSON_NAME, lambda url, hub: ChatClient(url, hub=hub, protocol=JSONProtocol())),
        Kind("pysignalr", WEBSOCKETS, MESSAGEPACK, lambda url, hub: ChatClient(url, hub=hub, protocol=MessagepackProtocol())),
        Kind("signalr_zero", WEBSOCKETS, JSON_NAME, signalr_zero),
        Kind("javascript", WEBSOCKETS, JSON_NAME, lambda url, hub: web_sockets(url, hub, JSON(), HTTPClient)),
        Kind("javascript", WEBSOCKETS, MESSAGEPACK, lambda url, hub: web_sockets(url, hub, MessagePack(), HTTPClient)),
        Kind("javascript", EVENTS, JSON_NAME, lambda url, hub: server_sent_events(url, hub, JSON(), HTTPClient)),
        Kind("javascript", POLLING, JSON_NAME, lambda url, hub: long_polling(url, hub, JSON(), HTTPClient)),
        Kind("javascript", POLLING, MESSAGEPACK, lambda url, hub: long_polling(url, hub, MessagePack(), HTTPClient)),
    ]  # fmt: skip
    for transport, protocol in [
        (WEBSOCKETS, JSON_NAME), (WEBSOCKETS, MESSAGEPACK), (EVENTS, JSON_NAME),
        (POLLING, JSON_NAME), (POLLING, MESSAGEPACK),
    ]:  # fmt: skip
        kinds.append(Kind("aiosignalr", transport, protocol, lambda url, hub, transport=transport, protocol=protocol: aiosignalr(url, hub, transport, protocol)))
    # Its long polling reads one message of each poll.
    for transport, protocol in [(WEBSOCKETS, JSON_NAME), (WEBSOCKETS, MESSAGEPACK), (EVENTS, JSON_NAME)]:
        encoding = HubProtocolEncoding.text if protocol == JSON_NAME else HubProtocolEncoding.binary
        kinds.append(Kind("signalrcore", transport, protocol, lambda url, hub, transport=transport, encoding=encoding: signalrcore(url, hub, HttpTransportType(transport), encoding)))
    return kinds


KINDS = _kinds()
