"""Replies of OpenAI-compatible servers and Azure OpenAI, from a fake one to a SignalR client."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from chat_client import ChatClient, HubError
from cluster import Cluster
from http_server import hosting
from serve import assert_refused, run, serving

KEY = "sk-never-shown-0123456789"


class FakeModel:
    """Remembers what it was asked, and answers what the test tells it."""

    def __init__(self, *frames: str, status: int = 200, body: str = "") -> None:
        self.frames, self.status, self.body = frames, status, body
        self.requests: list[tuple[str, dict, dict]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path_qs, dict(request.headers), await request.json()))
        if self.status != 200:
            return web.Response(status=self.status, text=self.body, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for frame in self.frames:
            await response.write(f"data: {frame}\n\n".encode())
        await response.write_eof()
        return response

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        application = web.Application()
        application.router.add_post("/{path:.*}", self.answer)
        async with hosting(application) as url:
            yield url


def text(content: str, finish: str | None = None) -> str:
    return json.dumps({"id": "c", "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": finish}]})


WHOLE = (
    json.dumps({"id": "", "choices": [], "prompt_filter_results": []}),
    text(""), text("Grüße "), text("👋🏽"), text("", "stop"),
    json.dumps({"id": "c", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}}),
    "[DONE]",
)


async def test_a_conversation_goes_on_at_another_node(cluster: Cluster) -> None:
    model = FakeModel(*WHOLE)
    redis = f"redis://127.0.0.1:{cluster.port('redis')}"
    options = "--port", "0", "--backplane", redis, "--app", "conversations", "--system-prompt", "Be kind."
    async with model.running() as url:
        environment = {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_MODEL": "small"}
        with serving(*options, **environment) as one, serving(*options, **environment) as two:
            for server, question in ((one, "First?"), (two, "Second?"), (one, "Third?")):
                async with ChatClient(server.url) as client:
                    result = await client.invoke("AskAi", question, {"conversationId": "talk"})
                    assert result["finish"] == "completed"
    said = [{"role": "system", "content": "Be kind."}]
    for (_, _, body), question in zip(model.requests, ("First?", "Second?", "Third?"), strict=True):
        said.append({"role": "user", "content": question})
        assert body["messages"] == said
        said.append({"role": "assistant", "content": "Grüße 👋🏽"})


async def test_openai_compatible_server_replies() -> None:
    model = FakeModel(*WHOLE)
    async with model.running() as url:
        with serving("--port", "0", "--system-prompt", "Be kind.",
                     OPENAI_BASE_URL=f"{url}/v1", OPENAI_MODEL="small", OPENAI_API_KEY=KEY) as server:
            async with ChatClient(server.url) as client:
                reply = await client.ask("Hello?")
                summary = await reply.end()
    assert reply.text == "Grüße 👋🏽"
    reply.assert_whole()
    assert summary["chunks"] == 2 and summary["usage"] == {"inputTokens": 7, "outputTokens": 2}
    [(path, headers, body)] = model.requests
    assert path == "/v1/chat/completions" and headers["Authorization"] == f"Bearer {KEY}"
    assert body["model"] == "small" and body["stream"] is True
    assert body["messages"] == [
        {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}]


async def test_key_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    model = FakeModel(*WHOLE)
    async with model.running() as url:
        for environment, header, value in (
            ({"OPENAI_BASE_URL": url, "OPENAI_MODEL": "small", "OPENAI_API_KEY_FILE": str(file)},
             "Authorization", f"Bearer {KEY}"),
            ({"AZURE_OPENAI_ENDPOINT": url, "AZURE_OPENAI_DEPLOYMENT": "chat", "AZURE_OPENAI_API_KEY_FILE": str(file)},
             "api-key", KEY),
        ):
            with serving("--port", "0", **environment) as server:
                async with ChatClient(server.url) as client:
                    await (await client.ask("Hello?")).end()
            assert model.requests.pop()[1][header] == value


async def test_tokens_are_not_sent_in_the_clear() -> None:
    refused = run("--port", "0", AZURE_OPENAI_ENDPOINT="http://azure.example", AZURE_OPENAI_DEPLOYMENT="chat")
    assert_refused(refused, "azure-openai-endpoint")


BROKEN = {
    "truncated": (FakeModel(text("half a ")), "model_truncated", "half a "),
    "error frame": (FakeModel(text("half a "), json.dumps({"error": {"message": "boom", "code": 500}})),
                    "model_unavailable", "half a "),
    "unauthorized": (FakeModel(status=401, body=json.dumps({"error": {"message": f"wrong key {KEY}"}})),
                     "model_auth", ""),
    "filtered prompt": (FakeModel(status=400, body=json.dumps({"error": {"code": "content_filter", "message": "no"}})),
                        "content_filter", ""),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_failure_of_the_model_is_told_once_and_leaks_nothing(name: str) -> None:
    model, code, said = BROKEN[name]
    async with model.running() as url:
        with serving("--port", "0", OPENAI_BASE_URL=url, OPENAI_MODEL="small", OPENAI_API_KEY=KEY) as server:
            async with ChatClient(server.url) as client:
                reply = await client.ask("Hello?")
                await reply.until(lambda reply: reply.has_ended)
                assert_failed(reply, code, said, url)


async def test_log_names_the_failure_but_holds_neither_id_nor_prompt(tmp_path: Path) -> None:
    """Where nobody is authenticated, whoever knows the id may resume and stop the reply."""
    model, code, _ = BROKEN["truncated"]
    log = tmp_path / "log"
    async with model.running() as url:
        with log.open("w") as file:
            with serving("--port", "0", "--log-level", "trace", log=file,
                         OPENAI_BASE_URL=url, OPENAI_MODEL="small", OPENAI_API_KEY=KEY) as server:
                async with ChatClient(server.url) as client:
                    reply = await client.ask("My secret question")
                    await reply.until(lambda reply: reply.has_ended)
                async with ChatClient(server.url) as client:
                    await client.invoke("Resume", reply.message_id, 0)
                    await client.invoke("Stop", reply.message_id)
                    with pytest.raises(HubError, match=f"{code}: "):
                        await client.stream("StreamAi", "My secret question")
    [line, _] = [line for line in log.read_text().splitlines() if "A reply failed" in line]
    assert f"error={code}" in line and f"stream={reply.message_id[:8]}" in line
    assert reply.message_id not in log.read_text() and "secret question" not in log.read_text()


async def test_model_that_is_down_is_told_and_the_node_lives_on() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with serving("--port", "0", OPENAI_BASE_URL=url, OPENAI_MODEL="small") as server:
            async with ChatClient(server.url) as client:
                for _ in range(2):
                    reply = await client.ask("Hello?")
                    await reply.until(lambda reply: reply.has_ended)
                    assert_failed(reply, "model_unavailable", "", url)
                    assert reply.problem["retryable"] is True


def assert_failed(reply, code: str, said: str, url: str) -> None:
    assert reply.problem["code"] == code and reply.text == said
    reply.assert_in_order()
    shown = json.dumps(reply.problem)
    assert KEY not in shown and "boom" not in shown and url.removeprefix("http://") not in shown
