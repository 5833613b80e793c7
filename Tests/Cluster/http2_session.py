"""A client of HTTP/2, of which aiohttp has none, under those of aiohttp's names that `http_client` uses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import httpx
from yarl import URL


class Lines:
    """What `aiohttp.StreamReader` has."""

    def __init__(self, response: httpx.Response) -> None:
        self._bytes = response.aiter_raw()
        self._unread = b""

    async def readline(self) -> bytes:
        while b"\n" not in self._unread:
            try:
                self._unread += await anext(self._bytes)
            except StopAsyncIteration:
                rest, self._unread = self._unread, b""
                return rest
        line, separator, self._unread = self._unread.partition(b"\n")
        return line + separator

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while line := await self.readline():
            yield line


class Response:
    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status, self.reason, self.headers = response.status_code, response.reason_phrase, response.headers
        self.content = Lines(response)

    async def read(self) -> bytes:
        return await self._response.aread()

    async def text(self) -> str:
        return (await self.read()).decode()


class HTTP2Session:
    """Believes any certificate and keeps cookies; its requests go over one connection."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(http2=True, verify=False, timeout=httpx.Timeout(20, read=100))

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.__aexit__(*error)

    @asynccontextmanager
    async def _request(
        self, method: str, url: URL, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> AsyncIterator[Response]:
        async with self._client.stream(method, str(url), content=data, headers=headers) as response:
            assert response.http_version == "HTTP/2"
            yield Response(response)

    def get(self, url: URL, **options):
        return self._request("GET", url, **options)

    def post(self, url: URL, **options):
        return self._request("POST", url, **options)

    def delete(self, url: URL, **options):
        return self._request("DELETE", url, **options)
