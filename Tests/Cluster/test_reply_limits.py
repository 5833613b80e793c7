"""How much may be asked, of one connection and of one user on all nodes."""

import time

import aiohttp
import jwt

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


async def test_a_user_asks_so_often_on_all_nodes(cluster: Cluster) -> None:
    redis = f"redis://127.0.0.1:{cluster.port('redis')}"
    options = ("--port", "0", "--backplane", redis, "--app", "limits", "--model", "echo", "--jwt-secret", SECRET,
               "--prompts-per-minute", "2", "--tokens-per-day", "50")

    async def ask(url: str, user: str, prompt: str) -> tuple[str, dict]:
        """The event with which the reply ended, and what it says."""
        token = jwt.encode({"sub": user, "exp": int(time.time()) + 600}, SECRET, algorithm="HS256")
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/chat", headers=headers) as socket:
            client = HubSocket(socket)
            await client.handshake()
            await client.send({"type": 1, "target": "AskAi", "arguments": [prompt]})
            while (message := await client.receive()).get("target") not in ("completed", "failed"):
                pass
            return message["target"], message["arguments"][1]

    with serving(*options) as one, serving(*options) as two:
        for server in (one, two):
            assert (await ask(server.url, "ada", "hello"))[0] == "completed"
        event, problem = await ask(one.url, "ada", "hello")
        assert (event, problem["code"]) == ("failed", "rate_limited")
        assert 0 < problem["retryAfter"] <= 60
        assert (await ask(two.url, "bob", "x" * 200))[0] == "completed"
        event, problem = await ask(one.url, "bob", "hello")
        assert (event, problem["code"]) == ("failed", "rate_limited")
        assert "tokens of today" in problem["message"] and problem["retryAfter"] > 60 or time.time() % 86400 > 86300
