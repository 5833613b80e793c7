"""The service of Examples/AngularChat, type-checked and run under Node, talks to real nodes through the page's own client."""

import asyncio
import shutil
import socket
import subprocess
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cluster import ROOT, Cluster
from serve import serving

BUILT = ROOT / ".build/angular-chat"


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    assert shutil.which("tsc") and shutil.which("node"), "scripts/install-dependencies test installs them"
    made = subprocess.run([ROOT / "Tests/Angular/run"], text=True, stdout=PIPE, stderr=STDOUT)
    assert made.returncode == 0, made.stdout


@asynccontextmanager
async def service(url: str, scenario: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs a scenario, which has to pass by the end of the block."""
    process = await asyncio.create_subprocess_exec(
        "node", "service.js", url, scenario, cwd=BUILT, stdin=PIPE, stdout=PIPE, stderr=STDOUT)
    try:
        async with asyncio.timeout(90):
            yield process
            output, _ = await process.communicate()
        assert process.returncode == 0 and output.decode().endswith("passed\n"), output.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def said(process: asyncio.subprocess.Process, word: str) -> None:
    heard = []
    while (line := (await process.stdout.readline()).decode()) != f"{word}\n":
        heard.append(line)
        assert line, "".join(heard)


@pytest.mark.parametrize("scenario", ["events", "replies", "stop", "failure"])
async def test_scenario(cluster: Cluster, scenario: str) -> None:
    async with service(cluster.url(), scenario):
        pass


async def test_reply_goes_on_at_another_node(split_cluster: Cluster) -> None:
    await split_cluster.no_connections()
    async with service(split_cluster.url(), "reconnect") as process:
        await said(process, "cut")
        [edge] = [name for name, count in split_cluster.connections().items() if count]
        split_cluster.kill(edge)


async def test_server_that_comes_late_is_found() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    async with service(f"http://127.0.0.1:{port}", "absence") as process:
        await said(process, "waiting")
        with serving("--port", str(port), "--model", "synthetic"):
            process.stdin.write(b"served\n")
            await process.wait()
