"""How much may be asked, of one connection and of one user on all nodes."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import jwt
import pytest

from chat_client import ChatClient
from cluster import Cluster
from hub_socket import HubSocket
from serve import serving

SECRET = "a secret of more than 32 bytes, as it must be"


async def test_a_connection_has_so_many_replies_under_way() -> None:
    with serving("--port", "0", "--model", "synthetic", "--replies-per-connection", "1") as server:
        async with ChatClient(server.url) as client, ChatClient(server.url) as other:
            first = await client.ask("chunks=1000,interval=20ms,size=20")
            refused = await client.ask("chunks=1,interval=0ms,size=20")
            await refused.until(lambda reply: reply.has_ended)
            assert refused.problem["code"] == "rate_limited" and refused.problem["retryable"] is True
            assert refused.problem["retryAfter"] == 5 and refused.text == ""
            assert (await refused.asked)["finish"] == "failed"
            elsewhere = await other.ask("chunks=1,interval=0ms,size=20")
            await elsewhere.end()
            assert (await other.invoke("Stop", first.message_id))["status"] == "stopped"
            await first.asked
            again = await client.ask("chunks=1,interval=0ms,size=20")
            await again.end()
            again.assert_whole()


@asynccontextmanager
async def connected(url: str, user: str) -> AsyncIterator[HubSocket]:
    token = jwt.encode({"sub": user, "exp": int(time.time()) + 600}, SECRET, algorithm="HS256")
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/chat", headers=headers) as socket:
        client = HubSocket(socket)
        await client.handshake()
        yield client


async def asked(url: str, user: str, prompt: str) -> tuple[str, dict]:
    """The event with which the reply ended, and what it says."""
    async with connected(url, user) as client:
        await client.send({"type": 1, "target": "AskAi", "arguments": [prompt]})
        while (message := await client.receive()).get("target") not in ("completed", "failed"):
            pass
        return message["target"], message["arguments"][1]


@pytest.mark.parametrize("limit", ["user", "node"])
async def test_so_many_replies_are_under_way_of_a_user_and_at_a_node(cluster: Cluster, limit: str) -> None:
    """Twelve asks at the same moment, six at each node, as each of two users: four places for a user, or three at a node."""
    redis = f"redis://127.0.0.1:{cluster.port('redis')}"
    options = ("--port", "0", "--backplane", redis, "--app", f"limits-{limit}", "--model", "synthetic", "--jwt-secret", SECRET,
               f"--replies-per-{limit}", {"user": "4", "node": "3"}[limit])
    prompt = "chunks=20,interval=100ms,size=20"
    with serving(*options) as one, serving(*options) as two:
        places = [(url, user) for url in (one.url, two.url) for user in ("ada", "bob") for _ in range(6)]
        ends = await asyncio.gather(*(asked(url, user, prompt) for url, user in places))
        refusals = [problem for event, problem in ends if event == "failed"]
        assert all(problem["code"] == "rate_limited" and problem["retryAfter"] == 5 for problem in refusals)
        let_in = Counter(place[limit == "user"] for place, (event, _) in zip(places, ends) if event == "completed")
        assert let_in == ({"ada": 4, "bob": 4} if limit == "user" else {one.url: 3, two.url: 3})
        assert (await asked(one.url, "ada", "chunks=1,interval=0ms,size=20"))[0] == "completed", "there is room again"


async def test_a_user_asks_so_often_on_all_nodes(cluster: Cluster) -> None:
    redis = f"redis://127.0.0.1:{cluster.port('redis')}"
    options = ("--port", "0", "--backplane", redis, "--app", "limits", "--model", "echo", "--jwt-secret", SECRET,
               "--prompts-per-minute", "2", "--tokens-per-day", "50")

    with serving(*options) as one, serving(*options) as two:
        for server in (one, two):
            assert (await asked(server.url, "ada", "hello"))[0] == "completed"
        event, problem = await asked(one.url, "ada", "hello")
        assert (event, problem["code"]) == ("failed", "rate_limited")
        assert 0 < problem["retryAfter"] <= 60
        assert (await asked(two.url, "bob", "x" * 200))[0] == "completed"
        event, problem = await asked(one.url, "bob", "hello")
        assert (event, problem["code"]) == ("failed", "rate_limited")
        assert "tokens of today" in problem["message"] and problem["retryAfter"] > 60 or time.time() % 86400 > 86300
