"""An HTTP server of a test's own, on a free port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def hosting(application: web.Application, shutdown_timeout: float = 60) -> AsyncIterator[str]:
    """Gives the server's URL; `shutdown_timeout` is how long answers under way may take at the end, in seconds."""
    runner = web.AppRunner(application, shutdown_timeout=shutdown_timeout)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
