"""A backend that feeds streams through the management API, with a request for each piece of text."""

import asyncio
import hashlib

import aiohttp


class Backend:
    """One stream. What is not answered is sent again, as any backend may do."""

    def __init__(self, http: aiohttp.ClientSession, hub: str = "/api/hubs/chat") -> None:
        self._http, self._path = http, f"{hub}/streams"
        self.text = ""
        self.retries = 0

    async def open(self, **opening) -> str:
        answer = await self._post(self._path, opening, 201)
        assert (answer["status"], answer["bytes"]) == ("open", 0)
        self.message_id = answer["messageId"]
        return self.message_id

    async def append(self, text: str) -> None:
        answer = await self.request("append", {"offset": self.bytes, "text": text})
        self.text += text
        assert (answer["messageId"], answer["bytes"]) == (self.message_id, self.bytes)

    async def end(self, **end) -> dict:
        """What the server says that the text was is what it was."""
        answer = await self.request("end", {"offset": self.bytes, **end})
        assert answer["status"] == "ended" and answer["bytes"] == self.bytes
        assert answer["sha256"] == hashlib.sha256(self.text.encode()).hexdigest()
        return answer

    async def request(self, operation: str, body: dict | None = None, status: int = 200) -> dict:
        return await self._post(f"{self._path}/{self.message_id}/:{operation}", body, status)

    async def state(self) -> dict:
        async with self._http.get(f"{self._path}/{self.message_id}") as response:
            assert response.status == 200
            return await response.json()

    @property
    def bytes(self) -> int:
        return len(self.text.encode())

    async def _post(self, path: str, body: dict | None, status: int) -> dict:
        async with asyncio.timeout(30):
            while True:
                try:
                    async with self._http.post(path, json=body) as response:
                        if response.status not in (502, 503):
                            answer = await response.json()
                            assert response.status == status, (response.status, answer)
                            return answer
                except aiohttp.ClientConnectionError:
                    pass
                self.retries += 1
                await asyncio.sleep(0.1)
