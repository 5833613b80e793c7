"""A way to a server that a test can cut, for clients that would hide their sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from yarl import URL


class Line:
    def __init__(self, target: URL) -> None:
        self.url = ""
        self._target = target
        self._ends: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task] = set()

    def cut(self) -> None:
        """All connections end with a reset. New ones are let through."""
        for end in self._ends:
            end.transport.abort()

    async def end(self) -> None:
        self.cut()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._carrying.add(asyncio.current_task())
        server_reader, server = await asyncio.open_connection(self._target.host, self._target.port)
        ends = {writer, server}
        self._ends |= ends
        try:
            await asyncio.gather(_carry(reader, server), _carry(server_reader, writer))
        finally:
            self._ends -= ends
            for end in ends:
                end.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    if writer.can_write_eof() and not writer.transport.is_closing():
        with suppress(OSError):
            writer.write_eof()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[Line]:
    line = Line(URL(url))
    server = await asyncio.start_server(line.connected, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
        await line.end()
