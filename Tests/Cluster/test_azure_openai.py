"""Azure OpenAI: the fake one is right, says OpenAI's own client, and the server reads it as that client does."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest
from aiohttp import web
from openai import AsyncAzureOpenAI, AsyncOpenAI

from chat_client import ChatClient
from fake_azure_openai import DEPLOYMENT, KEY, MODEL, FakeAzureOpenAI
from http_server import hosting
from reply import Reply
from serve import serving

VERSION = "2025-03-01-preview"
TOKEN = "entra-token-never-shown"
HELLO = [{"role": "user", "content": "Hello?"}]
PATHS = {
    ("classic", "chat-completions"): f"/openai/deployments/{DEPLOYMENT}/chat/completions",
    ("v1", "chat-completions"): "/openai/v1/chat/completions",
    ("classic", "responses"): "/openai/responses",
    ("v1", "responses"): "/openai/v1/responses",
}


async def token() -> str:
    return TOKEN


def official(url: str, path: str = "classic", has_token: bool = False, key: str = KEY) -> AsyncOpenAI:
    if path == "v1":
        return AsyncOpenAI(base_url=f"{url}/openai/v1/", api_key=token if has_token else key)
    secret = {"azure_ad_token_provider": token} if has_token else {"api_key": key}
    return AsyncAzureOpenAI(azure_endpoint=url, api_version=VERSION, **secret)


@pytest.mark.parametrize("path", ["classic", "v1"])
@pytest.mark.parametrize("has_token", [False, True])
async def test_openais_client_streams_from_the_fake(path: str, has_token: bool) -> None:
    azure = FakeAzureOpenAI(token=TOKEN if has_token else None)
    async with azure.running() as url, official(url, path, has_token) as client:
        stream = await client.chat.completions.create(
            model=DEPLOYMENT, messages=HELLO, stream=True, stream_options={"include_usage": True})
        chunks = [chunk async for chunk in stream]
        whole = await client.chat.completions.create(model=DEPLOYMENT, messages=HELLO)
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == "Grüße 👋🏽"
    assert choices[-1].finish_reason == "stop" and chunks[1].model == MODEL
    assert chunks[0].model_extra["prompt_filter_results"][0]["content_filter_results"]["jailbreak"]["detected"] is False
    assert choices[1].model_extra["content_filter_results"]["hate"] == {"filtered": False, "severity": "safe"}
    for usage in (chunks[-1].usage, whole.usage):
        assert (usage.prompt_tokens_details.cached_tokens, usage.completion_tokens_details.reasoning_tokens) == (16, 1)
    assert whole.choices[0].message.content == "Grüße 👋🏽"
    query = f"?api-version={VERSION}" if path == "classic" else ""
    assert [asked for asked, _ in azure.requests] == [PATHS[path, "chat-completions"] + query] * 2


@pytest.mark.parametrize("path", ["classic", "v1"])
async def test_openais_client_reads_responses_of_the_fake(path: str) -> None:
    azure = FakeAzureOpenAI("Good, ", "then murderous")
    async with azure.running() as url, official(url, path) as client:
        events = [event async for event in await client.responses.create(model=DEPLOYMENT, input="Hello?", stream=True)]
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert deltas == ["Good, ", "then murderous"] and events[-1].type == "response.completed"
    response = events[-1].response
    assert response.output_text == "Good, then murderous" and response.usage.input_tokens_details.cached_tokens == 16
    assert [entry["blocked"] for entry in response.model_extra["content_filters"]] == [False, True]
    assert azure.requests[0][0].split("?")[0] == PATHS[path, "responses"]


async def test_openais_client_is_told_by_the_fake_what_is_blocked() -> None:
    for is_asynchronous in (False, True):
        azure = FakeAzureOpenAI("Good, ", "then murderous", is_asynchronous=is_asynchronous)
        async with azure.running() as url, official(url) as client:
            stream = await client.chat.completions.create(model=DEPLOYMENT, messages=HELLO, stream=True)
            choices = [choice async for chunk in stream for choice in chunk.choices]
        # Annotations have no delta at all.
        text = "".join(choice.delta.content or "" for choice in choices if choice.delta)
        assert text == ("Good, then murderous" if is_asynchronous else "Good, ")
        assert choices[-1].finish_reason == "content_filter"
        assert choices[-1].model_extra["content_filter_results"]["violence"]["filtered"] is True
        assert ("content_filter_offsets" in choices[-1].model_extra) == is_asynchronous


async def test_openais_client_knows_the_errors_of_the_fake() -> None:
    azure = FakeAzureOpenAI()
    async with azure.running() as url, official(url) as client:
        async def ask(model: str = DEPLOYMENT, prompt: str = "Hello?", client: AsyncOpenAI = client) -> str:
            stream = await client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": prompt}], stream=True)
            return "".join([choice.delta.content or "" async for chunk in stream for choice in chunk.choices])

        with pytest.raises(openai.AuthenticationError):
            await ask(client=official(url, key="wrong"))
        with pytest.raises(openai.NotFoundError) as missing:
            await ask("other")
        assert missing.value.code == "DeploymentNotFound"
        with pytest.raises(openai.BadRequestError) as blocked:
            await ask(prompt="How murderous")
        assert blocked.value.code == "content_filter"
        assert blocked.value.body["innererror"]["content_filter_result"]["violence"]["filtered"] is True
        with pytest.raises(openai.BadRequestError) as blocked:
            await client.responses.create(model=DEPLOYMENT, input="How murderous")
        assert blocked.value.code == "content_filter" and blocked.value.body["content_filters"][0]["blocked"]
        azure.failures = [429, 503]
        assert await ask() == "Grüße 👋🏽"
        azure.failures = [429] * 3
        with pytest.raises(openai.RateLimitError):
            await ask()
        azure.breaks = True
        with pytest.raises(openai.APIError, match="The server had an error"):
            await ask()


@asynccontextmanager
async def asking(
    azure: FakeAzureOpenAI, path: str = "classic", *options: str, **environment: str
) -> AsyncIterator[ChatClient]:
    async with azure.running() as url:
        endpoint = url + ("/openai/v1" if path == "v1" else "")
        with serving("--port", "0", *options, AZURE_OPENAI_ENDPOINT=endpoint, AZURE_OPENAI_DEPLOYMENT=DEPLOYMENT,
                     **environment) as server:
            async with ChatClient(server.url) as client:
                yield client


async def ask(client: ChatClient, prompt: str = "Hello?") -> Reply:
    reply = await client.ask(prompt)
    await reply.until(lambda reply: reply.has_ended)
    return reply


@pytest.mark.parametrize("path, api", PATHS)
async def test_the_server_asks_as_openais_client_does(path: str, api: str) -> None:
    azure = FakeAzureOpenAI()
    azure.failures = [429, 503]
    async with asking(azure, path, "--model-api", api, AZURE_OPENAI_API_KEY=KEY) as client:
        reply = await ask(client)
        assert reply.text == "Grüße 👋🏽" and reply.summary["usage"] == {
            "inputTokens": 21, "outputTokens": 3, "cachedInputTokens": 16, "reasoningTokens": 1}
        blocked = await ask(client, "How murderous")
        assert (blocked.problem["code"], blocked.problem["categories"]) == ("content_filter", ["violence"])
    assert [asked.split("?")[0] for asked, _ in azure.requests] == [PATHS[path, api]] * 4


async def test_the_version_of_the_classic_path_can_be_chosen() -> None:
    azure = FakeAzureOpenAI()
    async with asking(azure, AZURE_OPENAI_API_KEY=KEY, OPENAI_API_VERSION=VERSION) as client:
        assert (await ask(client)).text == "Grüße 👋🏽"
    assert azure.requests[0][0].endswith(f"?api-version={VERSION}")


@asynccontextmanager
async def identity(*tokens: str) -> AsyncIterator[tuple[dict[str, str], list[tuple[str, str | None]]]]:
    """A managed identity's tokens, the last one for ever: the variables that lead to them, and what was asked."""
    asked: list[tuple[str, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.query["resource"], request.headers.get("X-IDENTITY-HEADER")))
        return web.json_response({
            "access_token": tokens[min(len(asked), len(tokens)) - 1], "expires_on": str(int(time.time()) + 3600),
            "token_type": "Bearer", "resource": request.query["resource"]})

    application = web.Application()
    application.router.add_get("/msi/token", answer)
    async with hosting(application) as url:
        yield {"AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential", "IDENTITY_ENDPOINT": f"{url}/msi/token",
               "IDENTITY_HEADER": "header"}, asked


async def test_without_a_key_it_shows_a_token_of_the_managed_identity() -> None:
    async with identity(TOKEN) as (environment, asked), asking(FakeAzureOpenAI(token=TOKEN), **environment) as client:
        for _ in range(2):
            assert (await ask(client)).text == "Grüße 👋🏽"
    assert asked == [("https://cognitiveservices.azure.com", "header")]


async def test_a_token_that_is_refused_before_its_end_is_replaced_once() -> None:
    async with identity("revoked", TOKEN) as (environment, asked):
        async with asking(FakeAzureOpenAI(token=TOKEN), **environment) as client:
            for _ in range(2):
                assert (await ask(client)).text == "Grüße 👋🏽"
        assert len(asked) == 2
    async with identity("one", "two", "three") as (environment, asked):
        async with asking(FakeAzureOpenAI(token=TOKEN), **environment) as client:
            for _ in range(2):
                assert (await ask(client)).problem["code"] == "model_auth"
        assert len(asked) == 2


@pytest.mark.parametrize("is_asynchronous, api, category", [
    (False, "chat-completions", None), (True, "chat-completions", "violence"), (False, "responses", "violence"),
])
async def test_what_azures_filter_blocks_does_not_stand(is_asynchronous: bool, api: str, category: str | None) -> None:
    azure = FakeAzureOpenAI("Grüße, ", "then murderous", is_asynchronous=is_asynchronous)
    async with asking(azure, "v1", "--model-api", api, AZURE_OPENAI_API_KEY=KEY) as client:
        reply = await ask(client)
    assert reply.summary["finish"] == "filtered" and "murderous" not in reply.text
    # The Responses API tells no place within the reply.
    assert reply.text == ("" if api == "responses" else "Grüße, ")
    assert [retraction["category"] for retraction in reply.retractions] == ([category] if category else [])
    assert reply.summary["bytes"] == len(reply.text.encode())


async def test_failures_of_azure_are_told() -> None:
    azure = FakeAzureOpenAI()
    async with asking(azure, AZURE_OPENAI_API_KEY=KEY) as client:
        azure.breaks = True
        assert (await ask(client)).problem["code"] == "model_unavailable"
        azure.failures = [429] * 3
        assert (await ask(client)).problem["code"] == "rate_limited"
    async with asking(FakeAzureOpenAI(), AZURE_OPENAI_API_KEY="wrong") as client:
        assert (await ask(client)).problem["code"] == "model_auth"
