"""What a chat client was sent of one reply, and the proof that nothing of it was lost, doubled or out of order."""

import asyncio
import hashlib
import re
from collections.abc import Callable

SEQ_MASK = 2**32 - 1


class Reply:
    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        self.text = ""
        self.cursor = 0
        self.events: list[str] = []
        self.retractions: list[dict] = []
        self.summary: dict | None = None
        self.problem: dict | None = None
        self._changed = asyncio.Event()

    def take(self, event: str, arguments: list) -> None:
        match event:
            case "typing":
                event = f"typing {str(arguments[0]).lower()}"
            case "partial":
                text, cursor = arguments
                assert cursor > self.cursor, f"cursor {cursor} came after {self.cursor}"
                self.text += text
                self.cursor = cursor
            case "restarted":
                self.text = ""
                self.cursor = arguments[0]
            case "retracted":
                (retraction,) = arguments
                kept = self.text.encode("utf-16-le")[:2 * retraction["keepUTF16"]].decode("utf-16-le")
                assert len(self.text.encode()) <= retraction["keepBytes"] or len(kept.encode()) == retraction["keepBytes"]
                self.text = kept + retraction.get("replacement", "")
                self.cursor = max(self.cursor, retraction["cursor"])
                self.retractions.append(retraction)
            case "completed":
                (self.summary,) = arguments
            case "failed":
                (self.problem,) = arguments
        self.events.append(event)
        self._changed.set()

    @property
    def has_ended(self) -> bool:
        return self.summary is not None or self.problem is not None

    async def until(self, condition: Callable[["Reply"], bool], timeout: float = 60) -> None:
        async with asyncio.timeout(timeout):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    async def end(self, timeout: float = 60) -> dict:
        """The summary of a reply that was completed."""
        await self.until(lambda reply: reply.has_ended, timeout)
        assert self.summary is not None, f"failed: {self.problem}"
        return self.summary

    def assert_whole(self, chunks: int | None = None) -> None:
        """The text is the one that `completed` describes; of the synthetic model, that has every chunk once."""
        assert self.summary is not None
        data = self.text.encode()
        assert self.summary["bytes"] == len(data)
        assert self.summary["sha256"] == hashlib.sha256(data).hexdigest()
        assert self.summary["chunks"] == self.cursor & SEQ_MASK
        if chunks is not None:
            assert self.summary["chunks"] == chunks
            assert self.chunk_numbers() == list(range(1, chunks + 1))

    def assert_in_order(self) -> None:
        """typing, partials, no longer typing, one end: as it is for a client that saw it all on one connection."""
        partials = len(self.events) - 3
        end = "completed" if self.summary is not None else "failed"
        assert self.events == ["typing true", *["partial"] * partials, "typing false", end]

    def chunk_numbers(self) -> list[int]:
        return [int(number) for number in re.findall(r"#(\d+);", self.text)]
