"""A real model through the hub, to pysignalr and to the page. What it says is its own affair: that it arrives is ours."""

import asyncio
import time

from browser import Page, browser
from chat_client import ChatClient
from cluster import ROOT
from conftest import KEY, ModelServer
from reply import Reply
from serve import Server, serving

QUESTION = "Why is the sky blue? Answer in three sentences."


async def timed(client: ChatClient, prompt: str) -> tuple[Reply, float, float]:
    """A reply, the seconds until its first text, and those until its end."""
    began = time.monotonic()
    reply = await client.ask(prompt)
    await reply.until(lambda reply: reply.text or reply.has_ended)
    first = time.monotonic() - began
    await reply.end(200)
    reply.assert_in_order()
    reply.assert_whole()
    return reply, first, time.monotonic() - began


async def test_a_question_is_answered(node: Server) -> None:
    async with ChatClient(node.url) as client:
        reply, first, whole = await timed(client, QUESTION)
    chunks = reply.summary["chunks"]
    print(f"\n{reply.text!r}\n{chunks} chunks, the first after {first:.2f} s, {chunks / (whole - first):.1f} a second")
    assert chunks > 10 and len(reply.events) > 10, "it streams"
    assert reply.summary["finish"] == "completed"


async def test_stop_ends_the_generation(node: Server) -> None:
    async with ChatClient(node.url) as client:
        reply = await client.ask("Tell a long story about a ship, as long as you can.")
        await reply.until(lambda reply: len(reply.events) > 10)
        assert (await client.invoke("Stop", reply.message_id))["status"] == "stopped"
        summary = await reply.end()
        assert summary["finish"] == "stopped"
        reply.assert_whole()
        # The server generates one reply at a time: it has time for this one only when it has let go of the other. A story to its end
        # would have taken it half a minute.
        answer, first, _ = await timed(client, "Say hello.")
        print(f"\nstopped after {summary['chunks']} chunks, the next reply began after {first:.2f} s")
        assert answer.summary["finish"] == "completed" and first < 5


async def test_two_questions_at_once_are_both_answered(node: Server) -> None:
    async with ChatClient(node.url) as one, ChatClient(node.url) as two:
        replies = await asyncio.gather(timed(one, "Name three colours."), timed(two, "Name three animals."))
        for reply, first, whole in replies:
            print(f"\n{reply.text[:80]!r} after {first:.2f} s, {whole:.2f} s in all")


async def test_the_model_is_told_the_conversation(node: Server) -> None:
    """More than half of what the model can read, twice: too much in one conversation, and not in two."""
    half = "word " * 1200 + "What was that?"
    async with ChatClient(node.url) as client:
        summaries = [
            await client.invoke("AskAi", half, {"conversationId": talk}, timeout=200) for talk in ("one", "one", "two")
        ]
        print(f"\n{summaries}")
        assert [summary["finish"] for summary in summaries] == ["completed", "failed", "completed"]


async def test_a_prompt_that_is_too_long_is_no_empty_success(node: Server) -> None:
    async with ChatClient(node.url) as client:
        reply = await client.ask("word " * 5000)
        await reply.until(lambda reply: reply.has_ended, 200)
        print(f"\n{reply.problem or reply.summary}")
        assert reply.problem is not None and reply.text == ""


async def test_a_server_that_dies_fails_the_reply_once(model: ModelServer, node: Server) -> None:
    async with ChatClient(node.url) as client:
        reply = await client.ask("Tell a long story about a mountain.")
        await reply.until(lambda reply: len(reply.events) > 10)
        model.kill()
        await reply.until(lambda reply: reply.has_ended)
        print(f"\n{reply.problem}")
        assert reply.problem["retryable"] is True and reply.text
        reply.assert_in_order()
        again = await client.ask("Are you there?")
        await again.until(lambda reply: reply.has_ended)
        assert again.problem["code"] == "model_unavailable"


async def test_a_wrong_key_is_told_without_it(model: ModelServer) -> None:
    with serving(
        "--port", "0", OPENAI_BASE_URL=model.url, OPENAI_API_KEY="another-key", OPENAI_MODEL="smollm2"
    ) as server:
        async with ChatClient(server.url) as client:
            reply = await client.ask("hello")
            await reply.until(lambda reply: reply.has_ended)
            print(f"\n{reply.problem}")
            assert reply.problem["retryable"] is False
            assert "another-key" not in str(reply.problem) and KEY not in str(reply.problem)


def test_the_page_shows_a_reply(node: Server) -> None:
    driver = browser()
    try:
        page = Page(driver)
        page.open(node.url)
        message = page.ask(QUESTION)
        page.until(lambda: message.state == "streaming", 60)
        directory = ROOT / ".build/screenshots"
        directory.mkdir(parents=True, exist_ok=True)
        page.screenshots(directory, "real-model-streaming")
        page.until(lambda: message.state == "completed", 200)
        page.until(lambda: message.proof == "verified")
        page.screenshots(directory, "real-model")
        assert page.errors() == []
    finally:
        driver.quit()
