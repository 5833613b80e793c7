"""llmock, an LLM server that others wrote to judge clients, finds nothing wrong with how `hubbub serve` asks a model."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from chat_client import ChatClient
from reply import Reply
from serve import serving


@pytest.fixture(scope="module")
def llmock() -> Iterator[httpx.Client]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Its chunks are words of the reply.
    server = subprocess.Popen(
        [sys.executable, "-m", "llmock.cli", "serve", "--port", str(port), "--log-level", "warning",
         "--response-style", "hello"],
        env=os.environ | {"NO_COLOR": "1"}, stdout=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            end = time.monotonic() + 30
            while True:
                try:
                    client.get("/health").raise_for_status()
                    break
                except httpx.HTTPError:
                    assert server.poll() is None and time.monotonic() < end, "llmock did not start"
                    time.sleep(0.1)
            yield client
    finally:
        server.terminate()
        server.wait()


async def ask(url: str) -> Reply:
    async with ChatClient(url) as client:
        reply = await client.ask("Hello?")
        await reply.until(lambda reply: reply.has_ended)
        return reply


def fail(status: int, times: int = 1, **more: int) -> dict:
    return {"type": "fail", "status": status, "times": times, **more}


def fault(kind: str, after_chunks: int, **more: float) -> dict:
    return {"type": "stream_fault", "kind": kind, "after_chunks": after_chunks, **more}


# What llmock does, and the code with which the reply fails; None where it is complete.
SCENARIOS = {
    "whole": ([], None),
    "slow": ([{"type": "slow_first_token", "seconds": 1}], None),
    "rate limit": ([fail(429, retry_after=1)], None),
    "overloaded twice": ([fail(503, times=2)], None),
    "never answers": ([fail(500, times=9)], "model_unavailable"),
    "wrong key": ([fail(401)], "model_auth"),
    "wrong request": ([fail(400)], "model_bad_request"),
    "cut": ([fault("disconnect", 6)], "model_unavailable"),
    "garbage": ([fault("malformed", 6)], "model_bad_response"),
    "cut before text": ([fault("disconnect", 1)], None),
    "truncated": ([fault("truncate", 6)], "model_truncated"),
    "stall": ([fault("stall", 6, stall_seconds=3)], "model_timeout"),
}


@pytest.mark.parametrize("api", ["chat-completions", "responses"])
@pytest.mark.parametrize("name", SCENARIOS)
async def test_its_verdict_is_clean(llmock: httpx.Client, name: str, api: str) -> None:
    behaviors, code = SCENARIOS[name]
    llmock.post("/_llmock/reset").raise_for_status()
    if behaviors:
        llmock.post("/_llmock/scenario", json={"behaviors": behaviors}).raise_for_status()
    options = "--port", "0", "--model-api", api, "--model-silence-timeout", "1s", "--model-first-byte-timeout", "5s"
    base = f"{llmock.base_url}/v1"
    with serving(*options, OPENAI_BASE_URL=base, OPENAI_MODEL="gpt-4o", OPENAI_API_KEY="key") as server:
        reply = await asyncio.wait_for(ask(server.url), 60)
    if code is None:
        assert reply.problem is None and reply.text
        reply.assert_whole()
    else:
        assert reply.problem["code"] == code
    verdict = llmock.get("/_llmock/verdict").json()
    errors = {finding["code"] for finding in verdict["findings"] if finding["severity"] == "error"}
    # Text that a person has read is not begun again. That the reply was failed for it llmock cannot see.
    assert errors == ({"truncated_stream_accepted"} if name == "truncated" else set()), verdict
