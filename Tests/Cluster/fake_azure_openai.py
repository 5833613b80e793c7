"""Azure OpenAI on loopback: a deployment on the classic and the v1 paths, with its content filter. OpenAI's own client judges it in
test_azure_openai.py."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from aiohttp import web

from http_server import hosting

KEY = "azure-key-never-shown-0123456789"
DEPLOYMENT = "chat-main"
PREVIEWS = ["2025-03-01-preview", "2025-04-01-preview"]
VERSIONS = ["2024-10-21", *PREVIEWS]
MODEL = "gpt-4o-2024-11-20"
SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
VIOLENT = SAFE | {"violence": {"filtered": True, "severity": "high"}}
USAGE = {
    "prompt_tokens": 21, "completion_tokens": 3, "total_tokens": 24,
    "prompt_tokens_details": {"cached_tokens": 16}, "completion_tokens_details": {"reasoning_tokens": 1},
}
# Where the reply begins in the offsets of the asynchronous filter: behind the prompt.
BASE = 31


class FakeAzureOpenAI:
    def __init__(self, *pieces: str, token: str | None = None, is_asynchronous: bool = False) -> None:
        self.pieces = pieces or ("Grüße ", "👋🏽")
        # Instead of the key.
        self.token = token
        # Which streaming mode the deployment's content filter has.
        self.is_asynchronous = is_asynchronous
        # Statuses of the answers that come first.
        self.failures: list[int] = []
        # An error comes after the first piece.
        self.breaks = False
        self.requests: list[tuple[str, dict]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        application = web.Application()
        application.router.add_post("/openai/deployments/{deployment}/chat/completions", self.classic)
        application.router.add_post("/openai/v1/chat/completions", self.chat)
        application.router.add_post("/openai/responses", self.classic)
        application.router.add_post("/openai/v1/responses", self.responses)
        async with hosting(application, shutdown_timeout=1) as url:
            yield url

    async def classic(self, request: web.Request) -> web.StreamResponse:
        deployment = request.match_info.get("deployment")
        if request.query.get("api-version") not in (VERSIONS if deployment else PREVIEWS):
            return error(404, "404", "Resource not found")
        return await (self.chat(request, deployment) if deployment else self.responses(request))

    async def chat(self, request: web.Request, deployment: str | None = None) -> web.StreamResponse:
        body = await request.json()
        if refusal := self.refusal(request, body, deployment or body.get("model"), str(body["messages"])):
            return refusal
        known = {"messages", "model", "stream", "stream_options", "temperature", "max_tokens", "max_completion_tokens"}
        if unknown := set(body) - known:
            return error(400, None, f"Unrecognized request argument supplied: {unknown}", type="invalid_request_error")
        if body.get("stream_options", {}).get("include_usage") and not body.get("stream"):
            return error(400, None, "stream_options needs stream", type="invalid_request_error")
        usage = body.get("stream_options", {}).get("include_usage", False)
        if not body.get("stream"):
            message = {"role": "assistant", "content": "".join(self.pieces), "refusal": None}
            choice = {"index": 0, "message": message, "finish_reason": "stop", "content_filter_results": SAFE}
            return web.json_response(
                chunk("chat.completion", [choice]) | {"usage": USAGE, "prompt_filter_results": prompt_results()})
        frames = self.asynchronous_frames(usage) if self.is_asynchronous else self.default_frames(usage)
        return await self.stream(request, [f"data: {json.dumps(frame)}" for frame in frames] + ["data: [DONE]"])

    async def responses(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if refusal := self.refusal(request, body, body.get("model"), str(body["input"])):
            return refusal
        events = [f"event: {event['type']}\ndata: {json.dumps(event)}" for event in self.response_events()]
        return await self.stream(request, events)

    def refusal(self, request: web.Request, body: dict, deployment: str | None, prompt: str) -> web.Response | None:
        if self.token is None:
            is_known = request.headers.get("api-key") == KEY or request.headers.get("Authorization") == f"Bearer {KEY}"
        else:
            is_known = request.headers.get("Authorization") == f"Bearer {self.token}"
        if not is_known:
            return error(401, "401", "Access denied due to invalid subscription key or wrong API endpoint.")
        if deployment != DEPLOYMENT:
            return error(404, "DeploymentNotFound", "The API deployment for this resource does not exist.")
        self.requests.append((request.path_qs, body))
        if self.failures:
            status = self.failures.pop(0)
            return error(status, str(status), "Try again", headers={"retry-after-ms": "10", "retry-after": "1"})
        if "murderous" not in prompt:
            return None
        return blocked_prompt(is_response="input" in body)

    async def stream(self, request: web.Request, frames: list[str]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        for frame in frames:
            await response.write(f"{frame}\n\n".encode())
        return response

    def default_frames(self, has_usage: bool) -> Iterator[dict]:
        """Text comes with what the filter says of it; what it blocks never comes."""
        yield {"id": "", "object": "", "created": 0, "model": "", "choices": [],
               "prompt_filter_results": prompt_results()}
        yield chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": "", "refusal": None},
                              "finish_reason": None, "logprobs": None, "content_filter_results": {}}])
        finish, results = "stop", {}
        for number, piece in enumerate(self.pieces):
            if self.breaks and number == 1:
                yield {"error": {"code": "500", "message": "The server had an error", "type": "server_error"}}
                return
            if "murderous" in piece:
                finish, results = "content_filter", VIOLENT
                break
            yield chunk(choices=[{"index": 0, "delta": {"content": piece}, "finish_reason": None, "logprobs": None,
                                  "content_filter_results": SAFE}])
        yield chunk(choices=[{"index": 0, "delta": {}, "finish_reason": finish, "logprobs": None,
                              "content_filter_results": results}])
        if has_usage:
            yield chunk(choices=[]) | {"usage": USAGE}

    def asynchronous_frames(self, has_usage: bool) -> Iterator[dict]:
        """Text comes at once, what the filter says of it later, with places and without a delta."""
        yield {"id": "", "object": "", "created": 0, "model": "", "choices": [],
               "prompt_filter_results": prompt_results()}
        yield chunk(choices=[{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}])
        start = end = BASE
        for piece in self.pieces:
            yield chunk(choices=[{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
            start, end = end, end + len(piece)
            is_blocked = "murderous" in piece
            annotation = {
                "index": 0, "finish_reason": "content_filter" if is_blocked else None,
                "content_filter_results": VIOLENT if is_blocked else SAFE,
                "content_filter_offsets": {"check_offset": start, "start_offset": start, "end_offset": end}}
            yield {"id": "", "object": "", "created": 0, "model": "", "choices": [annotation]}
            if is_blocked:
                return
        yield chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
        if has_usage:
            yield chunk(choices=[]) | {"usage": USAGE}

    def response_events(self) -> Iterator[dict]:
        text = "".join(self.pieces)
        base = {
            "id": "resp_1", "object": "response", "created_at": 1763798400, "model": DEPLOYMENT, "output": [],
            "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None, "incomplete_details": None,
            "instructions": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0}
        part = {"type": "output_text", "text": "", "annotations": []}
        item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        usage = {
            "input_tokens": 21, "input_tokens_details": {"cached_tokens": 16}, "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 24}
        is_blocked = "murderous" in text
        filters = [
            {"blocked": False, "source_type": "prompt", "content_filter_raw": [], "content_filter_results": SAFE,
             "content_filter_offsets": {"start_offset": 0, "end_offset": BASE, "check_offset": 0}},
            {"blocked": is_blocked, "source_type": "completion", "content_filter_raw": [],
             "content_filter_results": VIOLENT if is_blocked else SAFE,
             "content_filter_offsets": {"start_offset": 0, "end_offset": len(text), "check_offset": 0}}]
        whole = part | {"text": text}
        events = [
            {"type": "response.created", "response": base | {"status": "in_progress", "content_filters": filters[:1]}},
            {"type": "response.in_progress", "response": base | {"status": "in_progress"}},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.content_part.added", **place, "part": part},
            *({"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []} for piece in self.pieces),
            {"type": "response.output_text.done", **place, "text": text, "logprobs": []},
            {"type": "response.content_part.done", **place, "part": whole},
            {"type": "response.output_item.done", "output_index": 0,
             "item": item | {"status": "completed", "content": [whole]}},
            {"type": "response.completed", "response": base | {
                "status": "completed", "usage": usage, "content_filters": filters,
                "output": [item | {"status": "completed", "content": [whole]}]}}]
        for number, event in enumerate(events):
            yield event | {"sequence_number": number}


def chunk(object: str = "chat.completion.chunk", choices: list[dict] = ()) -> dict:
    return {"id": "chatcmpl-1", "object": object, "created": 1763798400, "model": MODEL, "choices": list(choices),
            "system_fingerprint": "fp_1", "usage": None}


def prompt_results() -> list[dict]:
    results = SAFE | {"jailbreak": {"filtered": False, "detected": False}}
    return [{"prompt_index": 0, "content_filter_results": results}]


def blocked_prompt(is_response: bool) -> web.Response:
    results = VIOLENT | {"jailbreak": {"filtered": False, "detected": False}}
    if is_response:
        more = {"type": "invalid_request_error", "content_filters": [
            {"blocked": True, "source_type": "prompt", "content_filter_results": results}]}
    else:
        more = {"type": None, "innererror": {
            "code": "ResponsibleAIPolicyViolation", "content_filter_result": results}}
    return error(400, "content_filter", "The prompt was filtered.", param="prompt", **more)


def error(status: int, code: str | None, message: str, headers: dict[str, str] | None = None, **more) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message} | more}, status=status, headers=headers)
