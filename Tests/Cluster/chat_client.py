"""A chat client on pysignalr, a SignalR client that knows nothing of this project."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self

from pysignalr.client import SignalRClient
from pysignalr.messages import CompletionMessage
from pysignalr.protocol.abstract import Protocol

from cluster import Cluster
from reply import Reply

EVENTS = ["typing", "partial", "completed", "failed", "restarted", "retracted"]


class HubError(Exception):
    """The hub completed an invocation with this error."""


class ChatClient:
    def __init__(self, url: str, *replies: Reply, hub: str = "chat", protocol: Protocol | None = None) -> None:
        """`replies` are those that a client before this one had begun to read; the protocol is JSON unless given."""
        self.signalr = SignalRClient(f"{url}/{hub}", protocol=protocol, retry_sleep=0.1)
        self.replies = {reply.message_id: reply for reply in replies}
        self._began: asyncio.Queue[Reply] = asyncio.Queue()
        self._open = asyncio.Event()
        self._invocations: set[asyncio.Task] = set()
        for event in EVENTS:
            self.signalr.on(event, partial(self._take, event))
        self.signalr.on_open(self._opened)
        self.signalr.on_error(self._ignore)

    async def __aenter__(self) -> Self:
        self.run = asyncio.create_task(self.signalr.run())
        opened = asyncio.create_task(self._open.wait())
        done, _ = await asyncio.wait([self.run, opened], timeout=20, return_when=asyncio.FIRST_COMPLETED)
        if opened not in done:
            opened.cancel()
            [outcome] = await self._end()
            raise ConnectionError(f"pysignalr did not connect: {outcome!r}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def invoke(self, method: str, *arguments: Any, timeout: float = 60) -> Any:
        completed: asyncio.Future[CompletionMessage] = asyncio.get_running_loop().create_future()

        async def complete(message: CompletionMessage) -> None:
            completed.set_result(message)

        await self.signalr.send(method, list(arguments), complete)
        message = await asyncio.wait_for(completed, timeout)
        if message.error:
            raise HubError(message.error)
        return message.result

    async def stream(self, method: str, *arguments: Any, timeout: float = 20) -> list:
        """The items of a stream, when it has ended."""
        items: list = []
        completed: asyncio.Future[CompletionMessage] = asyncio.get_running_loop().create_future()

        async def take(item: Any) -> None:
            items.append(item)

        async def complete(message: CompletionMessage) -> None:
            if not completed.done():
                completed.set_result(message)

        await self.signalr.stream(method, list(arguments), on_next=take, on_complete=complete, on_error=complete)
        message = await asyncio.wait_for(completed, timeout)
        if message.error:
            raise HubError(message.error)
        return items

    async def send_stream(self, method: str, items: Iterable) -> None:
        """pysignalr has no invocation id for a method that it uploads to, so there is no result."""
        async with self.signalr.client_stream(method) as stream:
            for item in items:
                await stream.send(item)

    def answers(self, target: str, answer: Callable[[], Any]) -> None:
        """What the hub is told when it asks."""

        async def say(_: list) -> Any:
            return answer()

        self.signalr.on(target, say)

    def calls(self, *targets: str) -> Callable[[str], Awaitable[list]]:
        """Listens to these methods; what is returned waits for the next call of one and has its arguments."""
        called: dict[str, asyncio.Queue[list]] = {target: asyncio.Queue() for target in targets}
        for target, queue in called.items():
            self.signalr.on(target, queue.put)
        return lambda target: asyncio.wait_for(called[target].get(), 20)

    async def ask(self, prompt: str) -> Reply:
        """Returns as soon as the reply has an id; its `asked` is AskAi's result, later."""
        asked = asyncio.create_task(self.invoke("AskAi", prompt))
        self._invocations.add(asked)
        began = asyncio.create_task(self._began.get())
        await asyncio.wait([asked, began, self.run], timeout=30, return_when=asyncio.FIRST_COMPLETED)
        if not began.done():
            began.cancel()
            await asked
        reply = began.result()
        reply.asked = asked
        return reply

    async def began(self) -> Reply:
        """The next reply that nobody has told of before."""
        return await asyncio.wait_for(self._began.get(), 30)

    async def cut(self) -> None:
        """The socket ends with a reset, in the middle of whatever it carries, and this client with it."""
        self.abort()
        await self._end()

    async def reconnect(self) -> None:
        """The same, but this client goes on: pysignalr reconnects in its own way."""
        self._open.clear()
        self.abort()
        await asyncio.wait_for(self._open.wait(), 30)

    def abort(self) -> None:
        self.signalr._transport._ws.transport.abort()

    async def _end(self) -> list:
        tasks = [self.run, *self._invocations]
        for task in tasks:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    async def _opened(self) -> None:
        self._open.set()

    async def _ignore(self, _: CompletionMessage) -> None:
        """Without a callback pysignalr ends the connection at an error; `invoke` is told of it too."""

    async def _take(self, event: str, arguments: list) -> None:
        message_id, *rest = arguments
        reply = self.replies.get(message_id)
        if reply is None:
            reply = self.replies[message_id] = Reply(message_id)
            self._began.put_nowait(reply)
        reply.take(event, rest)


@asynccontextmanager
async def client_elsewhere(cluster: Cluster, not_on: str, *replies: Reply) -> AsyncIterator[ChatClient]:
    """A new client whose connection any other node holds; round robin finds one within as many tries as nodes."""
    for _ in cluster.edges:
        before = cluster.connections()[not_on]
        async with ChatClient(cluster.url(), *replies) as client:
            if cluster.connections()[not_on] == before:
                yield client
                return
        await cluster.until(lambda counts: counts[not_on] == before)
    raise AssertionError(f"{cluster.balancer} chose {not_on} every time")


async def answer(url: str, prompt: str) -> str:
    async with ChatClient(url) as client:
        reply = await client.ask(prompt)
        await reply.end()
        reply.assert_in_order()
        reply.assert_whole()
        return reply.text
