"""`hubbub load` receives every reply over each transport and protocol, and tells what a server does wrong."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import jwt
import pytest
from aiohttp import WSMsgType, web

from cluster import HUBBUB, Cluster
from http_server import hosting
from hub_protocols import JSON, RECORD_SEPARATOR, MessagePack
from serve import serving
from test_tls import Files

WAYS = [
    ("webSockets", "json"),
    ("webSockets", "messagepack"),
    ("serverSentEvents", "json"),
    ("longPolling", "json"),
    ("longPolling", "messagepack"),
]
MESSAGE_ID = "0123456789abcdef0123456789abcdef"

Send = Callable[[bytes], Awaitable[None]]


async def load(url: str, *options: str) -> tuple[dict, str, int]:
    """The report, what was said of losses, and the exit code."""
    process = await asyncio.create_subprocess_exec(
        HUBBUB, "load", "--json", "--url", url, "--timeout", "20s", *options,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    report, problem = await asyncio.wait_for(process.communicate(), 30)
    assert report, problem
    return json.loads(report), problem.decode(), process.returncode


def way_options(way: tuple[str, str]) -> list[str]:
    return ["--transport", way[0], "--protocol", way[1]]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving("--port", "0", "--model", "synthetic") as server:
        yield server.url


@pytest.mark.parametrize("way", WAYS)
async def test_every_chunk_of_every_reply_is_counted_and_every_text_checked(server: str, way: tuple) -> None:
    options = ["--connections", "20", "--asks", "2", "--concurrency", "2", "--hash-every", "1"]
    prompt = ["--prompt", "chunks=50,interval=2ms,size=40"]
    report, problem, status = await load(server, *way_options(way), *options, *prompt, "--process", f"me={os.getpid()}")
    assert (status, problem) == (0, "")
    assert report["connections"]["opened"] == 20
    assert (report["asks"]["begun"], report["asks"]["completed"]) == (40, 40)
    assert report["chunks"]["received"] == 2000
    assert report["chunks"]["missing"] == report["chunks"]["duplicated"] == report["chunks"]["outOfOrder"] == 0
    assert report["texts"] == {"checked": 40, "hashed": 40, "wrong": 0}
    assert 0 < report["milliseconds"]["latency"]["p50"] <= report["milliseconds"]["latency"]["max"]
    assert {phase["name"] for phase in report["processes"]["me"]["phases"]} == {"connect", "asks"}
    posts, polls = (sum(phase[kind] for phase in report["requests"].values()) for kind in ("posts", "polls"))
    if way[0] == "webSockets":
        assert (posts, polls) == (0, 0)
    else:
        # The handshake, and the asks, which go together where they wait for it.
        assert 40 <= posts <= 60
        assert (polls > 50) == (way[0] == "longPolling")


@pytest.mark.parametrize("transport", ["serverSentEvents", "longPolling"])
async def test_further_requests_may_go_to_other_nodes(cluster: Cluster, transport: str) -> None:
    others = [option for node in ("node2", "node3") for option in ("--request-url", cluster.url(node))]
    options = ["--connections", "10", "--hash-every", "1", "--prompt", "chunks=50,interval=5ms,size=20"]
    report, problem, status = await load(cluster.url("node1"), "--transport", transport, *others, *options)
    assert (status, problem) == (0, "")
    assert report["chunks"]["received"] == 500
    assert report["texts"] == {"checked": 10, "hashed": 10, "wrong": 0}


@pytest.mark.parametrize("transport", ["webSockets", "serverSentEvents"])
async def test_clients_ping_while_nothing_is_asked(server: str, transport: str) -> None:
    options = ["--connections", "5", "--hold", "500ms", "--keep-alive-interval", "20ms"]
    report, problem, status = await load(server, "--transport", transport, *options)
    assert (status, problem) == (0, "")
    if transport == "serverSentEvents":
        assert report["requests"]["hold"]["posts"] > 20
        assert report["milliseconds"]["post"]["p50"] > 0


@pytest.mark.parametrize("way", WAYS)
async def test_replies_are_resumed_over_other_connections(cluster: Cluster, way: tuple) -> None:
    options = ["--connections", "10", "--hash-every", "1", "--resume", "--reconnect-every", "300ms"]
    prompt = ["--prompt", "chunks=75,interval=20ms,size=20"]
    report, problem, status = await load(cluster.url(), *way_options(way), *options, *prompt)
    assert (status, problem) == (0, "")
    assert report["connections"]["opened"] == 10
    assert report["connections"]["reconnects"] >= 10 and report["connections"]["resumes"] >= 10
    assert (report["asks"]["begun"], report["asks"]["completed"]) == (10, 10)
    assert report["chunks"]["received"] == 750
    assert report["texts"] == {"checked": 10, "hashed": 10, "wrong": 0}


@pytest.mark.parametrize("transport", ["webSockets", "sse", "longPolling"])
async def test_slow_readers_get_all_and_slow_nobody_down(server: str, transport: str) -> None:
    options = ["--connections", "20", "--slow-readers", "5", "--hash-every", "1", "--transport", transport]
    prompt = ["--prompt", "chunks=100,interval=5ms,size=20"]
    began = time.monotonic()
    report, problem, status = await load(server, *options, *prompt, "--require", "p99<1s,interChunk.p50<100ms")
    assert (status, problem) == (0, "")
    assert report["chunks"]["received"] == 2000 and report["texts"] == {"checked": 20, "hashed": 20, "wrong": 0}
    assert report["milliseconds"]["ask"]["max"] < 3000
    if transport == "longPolling":
        assert report["chunks"]["partials"] < 1800, "what comes between two polls is merged"
    else:
        assert time.monotonic() - began > 4, "2 KiB a second of some 13"
    assert report["milliseconds"]["handshake"]["p50"] > 0


async def test_a_scenario_is_runs_one_after_the_other(server: str, tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("""
- name: warm up
  connections: 2
  prompt: chunks=5,interval=1ms,size=20
- name: mixed
  transport: sse
  connections: 3
  asks: 2
  prompt: chunks=5,interval=1ms,size=20
  require: completed=7
""")
    reports, problem, status = await load(server, "--scenario", str(scenario), "--hash-every", "1")
    assert status == 1 and problem == "hubbub: mixed: completed=7: it is 6\n"
    assert [part["name"] for part in reports] == ["warm up", "mixed"]
    assert [part["report"]["asks"]["completed"] for part in reports] == [2, 6]
    assert reports[1]["report"]["texts"]["hashed"] == 6, "flags hold for all of them"
    for text, message in (("a: 1", "has no list"), ("- x: 1", "run 1: unknown key x"), ("- connections: many", "run 1: connections must")):
        scenario.write_text(text)
        ended = await asyncio.to_thread(
            subprocess.run, [HUBBUB, "load", "--scenario", scenario], text=True, capture_output=True, timeout=10)
        assert ended.returncode == 1 and message in ended.stderr, ended.stderr


async def test_an_interrupted_run_lets_replies_end_and_reports(server: str) -> None:
    options = ["--connections", "5", "--duration", "60s", "--prompt", "chunks=20,interval=10ms,size=20"]
    process = await asyncio.create_subprocess_exec(
        HUBBUB, "load", "--json", "--url", server, *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    await asyncio.sleep(1.5)
    process.send_signal(signal.SIGINT)
    report, problem = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, problem) == (0, b"")
    asks = json.loads(report)["asks"]
    assert asks["begun"] == asks["completed"] >= 5


async def test_a_terminal_is_told_how_far_it_is(server: str) -> None:
    """`script` gives the command a terminal."""
    command = f"{HUBBUB} load --url {server} --connections 3 --prompt chunks=150,interval=10ms,size=20"
    process = await asyncio.create_subprocess_exec(
        "script", "--quiet", "--return", "--command", command, "/dev/null", stdout=subprocess.PIPE)
    output = (await asyncio.wait_for(process.communicate(), 20))[0].decode()
    assert process.returncode == 0
    assert "3 connections, 0 of 3 asks, 3 open, " in output and "3 completed" in output


@pytest.mark.parametrize("transport", ["webSockets", "sse", "longPolling"])
async def test_servers_with_tls_and_tokens(tmp_path: Path, transport: str) -> None:
    files = Files(tmp_path)
    files.write("node")
    secret = "a secret of more than 32 bytes, as it must be"
    token = jwt.encode({"sub": "load", "exp": int(time.time()) + 300}, secret, algorithm="HS256")
    options = ["--transport", transport, "--connections", "5", "--hash-every", "1", "--prompt", "hello"]
    with files.serving("--jwt-secret", secret, "--require-authentication") as server:
        report, problem, status = await load(server.url, *options, "--insecure", "--access-token", token)
        assert (status, problem) == (0, "") and report["texts"] == {"checked": 5, "hashed": 5, "wrong": 0}
        report, problem, status = await load(server.url, *options, "--insecure")
        assert status == 1 and report["failures"] == {"negotiate_401": 5}
        report, problem, status = await load(server.url, *options, "--access-token", token)
        assert status == 1 and report["connections"]["opened"] == 0


async def test_what_is_required_decides_the_exit_code(server: str) -> None:
    options = ["--connections", "2", "--prompt", "chunks=5,interval=1ms,size=20"]
    report, problem, status = await load(server, *options, "--require", "p99<10s, lost=0")
    assert (status, problem) == (0, "")
    report, problem, status = await load(server, *options, "--require", "p99<10s,completed>2")
    assert status == 1 and problem == "hubbub: completed>2: it is 2\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--transport", "carrierPigeon"], "transport must be WebSockets, ServerSentEvents or LongPolling"),
        (["--protocol", "xml"], "protocol must be json or messagepack"),
        (["--transport", "serverSentEvents", "--protocol", "messagepack"], "protocol messagepack needs"),
        (["--request-url", "http://127.0.0.1:1"], "request-url needs"),
        (["--reconnect-every", "1s"], "reconnect-every needs --resume"),
        (["--require", "p98<1ms"], "'p98' is no figure"),
    ],
)
def test_what_cannot_be_is_refused(options: list[str], message: str) -> None:
    result = subprocess.run([HUBBUB, "load", *options], text=True, capture_output=True, timeout=10)
    assert result.returncode != 0
    assert message in result.stderr


class WrongServer:
    """A hub that says that a reply has six chunks, and sends others."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers
        self.protocol: JSON | MessagePack | None = None
        self.outbox: asyncio.Queue[bytes] = asyncio.Queue()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/chat/negotiate", self._negotiate)
        app.router.add_get("/chat", self._get)
        app.router.add_post("/chat", self._post)
        app.router.add_delete("/chat", self._delete)
        # Nobody waits for streams and polls that are open.
        async with hosting(app, shutdown_timeout=0.1) as url:
            yield url

    def _receive(self, data: bytes) -> None:
        if self.protocol is None:
            handshake = json.loads(data.decode().rstrip(RECORD_SEPARATOR))
            self.protocol = MessagePack() if handshake["protocol"] == "messagepack" else JSON()
            self.outbox.put_nowait(b"{}\x1e")
            return
        for message in self.protocol.decode(data):
            if message["type"] == 1:
                self._reply(message["invocationId"])

    def _reply(self, invocation: str) -> None:
        text = ""
        self._tell("typing", MESSAGE_ID, True)
        for number in self.numbers:
            chunk = f"t=1;#{number};"
            text += chunk
            self._tell("partial", MESSAGE_ID, chunk, number)
        digest = hashlib.sha256(text.encode()).hexdigest()
        summary = {"finish": "completed", "chunks": 6, "bytes": len(text), "sha256": digest}
        self._tell("completed", MESSAGE_ID, summary)
        result = {"messageId": MESSAGE_ID, "finish": "completed"}
        self.outbox.put_nowait(self.protocol.encode({"type": 3, "invocationId": invocation, "result": result}))

    def _tell(self, target: str, *arguments: object) -> None:
        message = {"type": 1, "target": target, "arguments": list(arguments)}
        self.outbox.put_nowait(self.protocol.encode(message))

    async def _negotiate(self, request: web.Request) -> web.Response:
        return web.json_response({"negotiateVersion": 1, "connectionId": "a", "connectionToken": "b"})

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade") == "websocket":
            return await self._web_socket(request)
        if "text/event-stream" in request.headers.get("Accept", ""):
            return await self._events(request)
        return await self._poll()

    async def _web_socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        sending = asyncio.create_task(self._send(socket.send_bytes))
        async for message in socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                self._receive(message.data if isinstance(message.data, bytes) else message.data.encode())
        sending.cancel()
        return socket

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": hello\n\n")
        # Lines end with a line feed alone here, unlike those of the real server.
        await self._send(lambda data: response.write(b"data:" + data + b"\n\n"))
        return response

    async def _send(self, send: Send) -> None:
        while True:
            await send(await self.outbox.get())

    async def _poll(self) -> web.Response:
        if self.protocol is None and not hasattr(self, "has_polled"):
            self.has_polled = True
            return web.Response()
        data = await self.outbox.get()
        return web.Response(status=200 if data else 204, body=data)

    async def _post(self, request: web.Request) -> web.Response:
        self._receive(await request.read())
        return web.Response()

    async def _delete(self, request: web.Request) -> web.Response:
        self.outbox.put_nowait(b"")
        return web.Response(status=202)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("numbers", "counts"),
    [
        ([1, 2, 4, 5, 6], {"missing": 1}),
        ([1, 2, 3, 4], {"missing": 2}),
        ([1, 3, 2, 4, 5, 6], {"outOfOrder": 1}),
        ([1, 2, 3, 3, 4, 5, 6], {"duplicated": 1}),
    ],
)
async def test_a_chunk_that_is_lost_late_or_doubled_is_counted(way: tuple, numbers: list, counts: dict) -> None:
    async with WrongServer(numbers).running() as url:
        report, problem, status = await load(url, *way_options(way), "--connections", "1")
    found = {kind: report["chunks"][kind] for kind in ("missing", "duplicated", "outOfOrder")}
    assert found == {"missing": 0, "duplicated": 0, "outOfOrder": 0} | counts
    assert report["chunks"]["received"] == len(numbers)
    assert report["texts"]["wrong"] == 0
    assert status == 1
    assert problem.startswith("hubbub: 1 ") or problem.startswith("hubbub: 2 ")
