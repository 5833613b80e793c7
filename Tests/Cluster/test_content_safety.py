"""Azure AI Content Safety looks at prompts and replies, and Microsoft's own client says that the fake one is right."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from azure.ai.contentsafety.aio import ContentSafetyClient
from azure.ai.contentsafety.models import AnalyzeTextOptions
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError

from chat_client import ChatClient
from cluster import Cluster
from fake_content_safety import KEY, FakeContentSafety
from http_server import hosting
from reply import Reply
from serve import assert_refused, run, serving

OPTIONS = "--port", "0", "--azure-content-safety-interval", "50ms"


@asynccontextmanager
async def chatting(
    safety: FakeContentSafety, *options: str, key: str | None = KEY, **environment: str
) -> AsyncIterator[ChatClient]:
    environment.setdefault("HUBBUB_MODEL", "echo")
    if key:
        environment["AZURE_CONTENT_SAFETY_KEY"] = key
    async with safety.running() as url:
        with serving(*OPTIONS, *options, AZURE_CONTENT_SAFETY_ENDPOINT=url, **environment) as server:
            async with ChatClient(server.url) as client:
                yield client


async def ask(client: ChatClient, prompt: str) -> Reply:
    reply = await client.ask(prompt)
    await reply.until(lambda reply: reply.has_ended)
    return reply


async def test_microsofts_client_reads_the_fake() -> None:
    safety = FakeContentSafety()
    safety.failures = [429, 503]
    async with safety.running() as url, ContentSafetyClient(url, AzureKeyCredential(KEY)) as client:
        analysis = await client.analyze_text(AnalyzeTextOptions(text="A murderous Voldemort", blocklist_names=["names"]))
        assert {entry.category: entry.severity for entry in analysis.categories_analysis} == {
            "Hate": 0, "SelfHarm": 0, "Sexual": 0, "Violence": 6}
        [match] = analysis.blocklists_match
        assert (match.blocklist_name, match.blocklist_item_text) == ("names", "voldemort")
        for options, code in (({"text": "x" * 10_001}, "InvalidRequestBody"),
                              ({"text": "x", "blocklist_names": ["none"]}, "BlocklistNotFound")):
            with pytest.raises(HttpResponseError) as refused:
                await client.analyze_text(AnalyzeTextOptions(**options))
            assert refused.value.error.code == code
    async with safety.running() as url, ContentSafetyClient(url, AzureKeyCredential("wrong")) as client:
        with pytest.raises(HttpResponseError) as refused:
            await client.analyze_text(AnalyzeTextOptions(text="x"))
        assert refused.value.status_code == 401


@pytest.mark.parametrize("mode", ["default", "asynchronous"])
async def test_bad_prompts_are_refused_and_good_ones_answered(mode: str) -> None:
    safety = FakeContentSafety()
    safety.failures = [503]
    async with chatting(safety, "--content-filter-mode", mode, "--azure-content-safety-thresholds", "hate=low",
                        "--azure-content-safety-blocklists", "names") as client:
        for prompt, category in (("How annoying", "hate"), ("Dear Voldemort", "custom_blocklists")):
            reply = await ask(client, prompt)
            assert (reply.problem["code"], reply.problem["categories"]) == ("content_filter", [category])
            assert reply.text == ""
        text = "Something nice about 😀. " * 200
        reply = await ask(client, text)
        assert reply.text == f"You said: {text}" and reply.summary["finish"] == "completed"
        reply.assert_whole()
    assert len(safety.texts) < 3 + len(text.encode()) / 600 + 5


class TalkingModel:
    """Says its pieces, and the next one only when it is told to go on."""

    def __init__(self, *pieces: str) -> None:
        self.pieces, self.goes_on = pieces, asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number, piece in enumerate(self.pieces):
            if number == len(self.pieces) - 1:
                await self.goes_on.wait()
            frame = web.json_response({"choices": [{"index": 0, "delta": {"content": piece}}]}).text
            await response.write(f"data: {frame}\n\n".encode())
        await response.write(b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
        return response

    @asynccontextmanager
    async def running(self) -> AsyncIterator[dict[str, str]]:
        application = web.Application()
        application.router.add_post("/chat/completions", self.answer)
        async with hosting(application, shutdown_timeout=1) as url:
            yield {"OPENAI_BASE_URL": url, "OPENAI_MODEL": "small", "HUBBUB_MODEL": "openai"}


async def test_in_default_mode_text_is_shown_when_it_was_looked_at() -> None:
    safety, model = FakeContentSafety(), TalkingModel("A good beginning. " * 20, "A murderous end.")
    async with model.running() as environment, chatting(safety, **environment) as client:
        reply = await client.ask("Hello?")
        # The model is silent now.
        await reply.until(lambda reply: "beginning" in reply.text)
        model.goes_on.set()
        summary = await reply.end()
    assert summary["finish"] == "filtered" and "murderous" not in reply.text and not reply.retractions
    assert reply.text.startswith("A good beginning. ") and safety.texts[0] == "Hello?"
    reply.assert_whole()


async def test_in_asynchronous_mode_text_is_taken_back_while_the_model_is_silent() -> None:
    safety = FakeContentSafety()
    safety.hold = "murderous", asyncio.Event()
    model = TalkingModel("A good beginning and a murderous piece.", "Never.")
    async with model.running() as environment, chatting(
            safety, "--content-filter-mode", "asynchronous", **environment) as client:
        reply = await client.ask("Hello?")
        await reply.until(lambda reply: "murderous" in reply.text)
        assert not reply.retractions
        safety.hold[1].set()
        summary = await reply.end()
    assert summary["finish"] == "filtered" and reply.text == ""
    assert [(retraction["category"], retraction["keepBytes"]) for retraction in reply.retractions] == [("violence", 0)]
    assert summary["bytes"] == 0


async def test_a_retraction_reaches_viewers_on_other_nodes_and_stands(cluster: Cluster) -> None:
    safety = FakeContentSafety()
    safety.hold = "murderous", asyncio.Event()
    good = "A good beginning, 😀. " * 60
    model = TalkingModel(good, "A murderous piece.", "Never.")
    options = *OPTIONS, "--backplane", f"redis://127.0.0.1:{cluster.port('redis')}", "--app", "safety"
    options += "--content-filter-mode", "asynchronous", "--content-filter-replacement", "[removed]"
    async with model.running() as environment, safety.running() as url:
        environment |= {"AZURE_CONTENT_SAFETY_ENDPOINT": url, "AZURE_CONTENT_SAFETY_KEY": KEY}
        with serving(*options, **environment) as one, serving(*options, **environment) as two:
            async with ChatClient(one.url) as client:
                reply = await client.ask("Hello?")
                viewer = Reply(reply.message_id)
                async with ChatClient(two.url, viewer) as other:
                    await other.invoke("Resume", reply.message_id, 0)
                    for seen in (reply, viewer):
                        await seen.until(lambda reply: "murderous" in reply.text)
                    safety.hold[1].set()
                    summaries = [await seen.end() for seen in (reply, viewer)]
            assert summaries[0] == summaries[1] and summaries[0]["finish"] == "filtered"
            for seen in (reply, viewer):
                [retraction] = seen.retractions
                kept = good.encode()[:retraction["keepBytes"]].decode()
                assert seen.text == kept + "[removed]" and kept and retraction["replacement"] == "[removed]"
                assert summaries[0]["bytes"] == len(seen.text.encode())
                assert summaries[0]["sha256"] == hashlib.sha256(seen.text.encode()).hexdigest()
            for server in (one, two):
                later = Reply(reply.message_id)
                async with ChatClient(server.url, later) as client:
                    assert (await client.invoke("Resume", reply.message_id, 0))["status"] == "ended"
                    assert await later.end() == summaries[0]
                # It is told before any text, and nothing of what it takes back comes.
                assert later.text == reply.text and [retraction["cursor"] for retraction in later.retractions] == [0]
                assert later.events.index("retracted") < later.events.index("partial")


@pytest.mark.parametrize("options, is_answered", [
    ([], False),
    (["--unfiltered-text", "deliver"], True),
    (["--content-filter-mode", "asynchronous"], True),
    (["--content-filter-mode", "asynchronous", "--unfiltered-text", "refuse"], False),
])
async def test_what_becomes_of_text_when_the_service_is_away(
    options: list[str], is_answered: bool, tmp_path: Path
) -> None:
    safety = FakeContentSafety()
    # It has looked at the prompt.
    safety.failures = [200] + [400] * 10
    log = tmp_path / "log"
    async with safety.running() as url:
        with log.open("w") as file, serving(*OPTIONS, *options, "--model", "echo", log=file, AZURE_CONTENT_SAFETY_ENDPOINT=url,
                                            AZURE_CONTENT_SAFETY_KEY=KEY) as server:
            async with ChatClient(server.url) as client:
                reply = await ask(client, "Hello, my secret friend")
    if is_answered:
        assert reply.text == "You said: Hello, my secret friend" and reply.summary["finish"] == "completed"
    else:
        assert reply.problem["code"] == "content_filter" and reply.problem["retryable"] and reply.text == ""
        assert [retraction["category"] for retraction in reply.retractions] == (
            ["unfiltered"] if "asynchronous" in options else [])
    text = log.read_text()
    assert "the service answered 400" in text and KEY not in text and "secret friend" not in text


async def test_without_a_key_the_service_is_shown_a_token_of_the_managed_identity() -> None:
    scopes: list[str] = []

    async def token(request: web.Request) -> web.Response:
        scopes.append(request.query["resource"])
        return web.json_response({
            "access_token": "token-1", "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"})

    identity = web.Application()
    identity.router.add_get("/msi/token", token)
    async with hosting(identity) as url, chatting(
            FakeContentSafety(token="token-1"), key=None, AZURE_TOKEN_CREDENTIALS="ManagedIdentityCredential",
            IDENTITY_ENDPOINT=f"{url}/msi/token", IDENTITY_HEADER="header") as client:
        assert (await ask(client, "Hello")).text == "You said: Hello"
        assert (await ask(client, "How hateful")).problem["categories"] == ["hate"]
    assert scopes == ["https://cognitiveservices.azure.com"]


@pytest.mark.parametrize("name, options", [
    ("azure-content-safety-endpoint", ["--azure-content-safety-endpoint", "http://safety.example"]),
    ("azure-content-safety-endpoint", ["--azure-content-safety-endpoint", "safety", "--azure-content-safety-key", "k"]),
    ("azure-content-safety-key", ["--azure-content-safety-endpoint", "http://127.0.0.1:1", "--azure-content-safety-key", "a b"]),
    ("azure-content-safety-thresholds", [
        "--azure-content-safety-endpoint", "http://127.0.0.1:1", "--azure-content-safety-key", "k",
        "--azure-content-safety-thresholds", "hate=off,self_harm=off,sexual=off,violence=off"]),
])
def test_what_cannot_be_is_refused(name: str, options: list[str]) -> None:
    assert_refused(run("--port", "0", *options), name)
