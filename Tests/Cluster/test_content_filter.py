"""A content filter blocks prompts, keeps text back, or takes it back from everybody who has it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_client import ChatClient
from reply import Reply
from serve import Server, serving

# What the demo model says after it has quoted the prompt.
BLOCKED = "demo model"


@pytest.fixture(params=["default", "asynchronous"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    words = tmp_path / "words"
    words.write_text(f"{BLOCKED}\n\n  forbidden \n")
    with serving("--port", "0", "--model", "demo", "--blocked-words", str(words),
                 "--content-filter-mode", request.param) as node:
        node.mode = request.param
        yield node


async def test_reply_ends_before_what_is_blocked(server: Server) -> None:
    async with ChatClient(server.url) as client:
        reply = await client.ask("Hello there")
        summary = await reply.end()
    assert summary["finish"] == "filtered"
    assert reply.text.endswith("I am the **")
    assert summary["sha256"] == hashlib.sha256(reply.text.encode()).hexdigest()
    assert summary["bytes"] == len(reply.text.encode())
    assert [retraction["category"] for retraction in reply.retractions] == (
        ["blocklist"] if server.mode == "asynchronous" else [])
    later = Reply(reply.message_id)
    async with ChatClient(server.url, later) as client:
        assert (await client.invoke("Resume", reply.message_id, 0))["status"] == "ended"
        await later.end()
    assert later.text == reply.text and later.summary == summary


async def test_blocked_prompt_fails_with_its_categories(server: Server) -> None:
    async with ChatClient(server.url) as client:
        reply = await client.ask("This is FORBIDDEN.")
        await reply.until(lambda reply: reply.has_ended)
        assert reply.problem is not None
        assert (reply.problem["code"], reply.problem["categories"]) == ("content_filter", ["blocklist"])
        assert not reply.problem["retryable"] and reply.text == ""
        assert (await client.ask("This is forbiddenly fine.")) is not None
