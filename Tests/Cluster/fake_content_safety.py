"""Azure AI Content Safety's text analysis on loopback, as strict as the service. Microsoft's own client judges it in
test_content_safety.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from http_server import hosting

KEY = "content-safety-key-0123456789"
CATEGORIES = ["Hate", "SelfHarm", "Sexual", "Violence"]
# How bad a word is.
WORDS = {"annoying": ("Hate", 2), "hateful": ("Hate", 4), "murderous": ("Violence", 6)}
BLOCKLISTS = {"names": ["voldemort"]}
VERSIONS = ["2023-10-01", "2024-09-01"]


class FakeContentSafety:
    def __init__(self, token: str | None = None) -> None:
        # Instead of the key.
        self.token = token
        self.texts: list[str] = []
        # Statuses of the answers that come first; 200 for what is answered as ever.
        self.failures: list[int] = []
        # A text with this word is not answered until the event is set.
        self.hold: tuple[str, asyncio.Event] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        application = web.Application()
        application.router.add_post("/contentsafety/text:analyze", self.analyze)
        async with hosting(application, shutdown_timeout=1) as url:
            yield url

    async def analyze(self, request: web.Request) -> web.Response:
        if request.query.get("api-version") not in VERSIONS:
            return self.error(404, "NotFound", "Resource not found")
        if self.token is None:
            is_known = request.headers.get("Ocp-Apim-Subscription-Key") == KEY
        else:
            is_known = request.headers.get("Authorization") == f"Bearer {self.token}"
        if not is_known:
            return self.error(401, "401", "Access denied due to invalid subscription key or wrong API endpoint.")
        status = self.failures.pop(0) if self.failures else 200
        if status != 200:
            return self.error(status, str(status), "Please retry", {"Retry-After": "0"} if status == 429 else {})
        body = await request.json()
        known = {"text", "categories", "blocklistNames", "haltOnBlocklistHit", "outputType"}
        text = body.get("text")
        if set(body) - known or not isinstance(text, str) or not 1 <= len(text) <= 10_000:
            return self.error(400, "InvalidRequestBody", "The text must have 1 to 10000 characters")
        categories = body.get("categories") or CATEGORIES
        if set(categories) - set(CATEGORIES) or body.get("outputType", "FourSeverityLevels") != "FourSeverityLevels":
            return self.error(400, "InvalidRequestBody", "An unknown category or output type")
        self.texts.append(text)
        if self.hold and self.hold[0] in text:
            await self.hold[1].wait()
        matches = []
        for name in body.get("blocklistNames") or []:
            if name not in BLOCKLISTS:
                return self.error(404, "BlocklistNotFound", f"{name} was not found")
            matches += [
                {"blocklistName": name, "blocklistItemId": f"item-{item}", "blocklistItemText": item}
                for item in BLOCKLISTS[name] if item in text.lower()]
        severities = dict.fromkeys(categories, 0)
        for word, (category, severity) in WORDS.items():
            if word in text.lower() and category in severities:
                severities[category] = max(severities[category], severity)
        analyses = [{"category": category, "severity": severity} for category, severity in severities.items()]
        is_halted = matches and body.get("haltOnBlocklistHit")
        return web.json_response({"blocklistsMatch": matches, "categoriesAnalysis": [] if is_halted else analyses})

    def error(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
        body = {"error": {"code": code, "message": message, "details": []}}
        return web.json_response(body, status=status, headers={"x-ms-error-code": code} | (headers or {}))
