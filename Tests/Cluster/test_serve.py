"""What a single node serves: prompts, origins, health checks, and its end."""

import asyncio
import json

import aiohttp
import pytest

from chat_client import ChatClient, HubError, answer
from hub_socket import hub_socket
from serve import assert_refused, run, serving


@pytest.mark.parametrize("prompt", ["hello", "a wide  world\nof words", "Grüße, 世界 👋🏽", "\\u001e \x1e \"quoted\""])
async def test_echo_says_what_it_was_told(prompt: str) -> None:
    with serving("--port", "0", "--model", "echo") as server:
        assert await answer(server.url, prompt) == f"You said: {prompt}"


@pytest.mark.parametrize("prompt", ["12345678", "1234567é"])
async def test_prompt_is_as_long_as_the_node_allows(prompt: str) -> None:
    size = len(prompt.encode())
    with serving("--port", "0", "--model", "echo", "--maximum-prompt-bytes", str(size)) as server:
        assert await answer(server.url, prompt) == f"You said: {prompt}"
        async with ChatClient(server.url) as client:
            for method in (client.invoke, client.stream):
                target = "AskAi" if method == client.invoke else "StreamAi"
                with pytest.raises(HubError, match=f"The prompt is longer than {size} bytes."):
                    await method(target, prompt + "!")


async def test_reply_is_as_long_as_the_node_allows() -> None:
    with serving("--port", "0", "--model", "synthetic", "--maximum-reply-bytes", "100") as server:
        assert len(await answer(server.url, "chunks=5,interval=0ms,size=20")) == 100
        async with ChatClient(server.url) as client:
            reply = await client.ask("chunks=6,interval=0ms,size=20")
            await reply.until(lambda reply: reply.has_ended)
            assert reply.problem["code"] == "reply_too_long" and len(reply.text) == 100


async def test_empty_variable_of_a_model_is_as_none() -> None:
    with serving("--port", "0", AZURE_OPENAI_ENDPOINT="", OPENAI_BASE_URL="", OPENAI_API_KEY="") as server:
        assert await answer(server.url, "hello")
    empty = {"OPENAI_BASE_URL": "", "OPENAI_MODEL": ""}
    assert_refused(run("--port", "0", "--model", "openai", **empty), "openai-model")
    assert_refused(run("--port", "0", "--model", "azure", AZURE_OPENAI_ENDPOINT=""), "azure-openai-endpoint")


async def test_origins_may_have_blanks_around_them() -> None:
    with serving("--port", "0", "--model", "echo", "--allowed-origins",
                 " https://a.example , https://b.example ") as server:
        async with aiohttp.ClientSession(server.url) as http:
            for origin, status in {"https://a.example": 200, "https://b.example": 200, "https://c.example": 403}.items():
                async with http.post("/chat/negotiate", headers={"Origin": origin}) as response:
                    assert response.status == status, origin


async def test_node_in_memory_is_alive_and_ready() -> None:
    with serving("--port", "0", "--model", "echo") as server:
        async with aiohttp.ClientSession(server.url) as http:
            for path in ("/health/live", "/health/ready"):
                async with http.get(path) as response:
                    assert response.status == 200
            async with http.get("/") as response:
                assert response.status == 200
                assert response.content_type == "text/html"
            async with http.get("/nowhere") as response:
                assert response.status == 404


async def test_head_is_answered_as_get_without_its_body() -> None:
    with serving("--port", "0", "--model", "echo") as server:
        async with aiohttp.ClientSession(server.url) as http:
            for path in ("/", "/index.html", "/chat.js", "/health/live", "/health/ready"):
                async with http.get(path) as response:
                    got = {name: value for name, value in response.headers.items() if name != "Date"}
                    assert response.status == 200 and int(got["Content-Length"]) == len(await response.read())
                async with http.head(path) as response:
                    assert response.status == 200 and await response.read() == b""
                    assert {name: value for name, value in response.headers.items() if name != "Date"} == got
            for path, status in {"/nowhere": 404, "/chat": 405, "/chat/negotiate": 405, "/chat/refresh": 405}.items():
                async with http.head(path) as response:
                    assert response.status == status, path


async def test_port_0_is_any_free_port() -> None:
    with serving("--port", "0", "--model", "echo") as one, serving("--port", "0", "--model", "echo") as two:
        assert one.url != two.url
        assert one.url.startswith("http://127.0.0.1:") and not one.url.endswith(":0")


def test_port_that_is_taken_is_refused() -> None:
    with serving("--port", "0", "--model", "echo") as server:
        port = server.url.rpartition(":")[2]
        ended = run("--port", port, "--model", "echo")
        assert ended.returncode != 0
        assert port in ended.stderr


async def test_server_that_ends_tells_its_clients() -> None:
    with serving("--port", "0", "--model", "synthetic") as server:
        async with hub_socket(server.url) as socket:
            await socket.handshake()
            server.terminate()
            message = await socket.receive()
            assert message["type"] == 7 and message["allowReconnect"] is True, json.dumps(message)
            assert await socket.receive() is None
        assert await asyncio.to_thread(server.process.wait, 20) == 0
