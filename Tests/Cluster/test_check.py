"""hubbub check: what a node would find, a line each, and an exit code."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from cluster import HUBBUB, Cluster
from http_server import hosting
from serve import clean, serving
from test_models import KEY, FakeModel
from test_tls import Files

PARTS = ["configuration", "port", "backplane", "authentication", "model"]


async def check(*arguments: str, **environment: str) -> tuple[int, dict[str, list[str]], str]:
    """The exit code, the outcome and text of each part, and all that was printed."""
    process = await asyncio.create_subprocess_exec(
        HUBBUB, "check", *arguments, env=clean(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = (await asyncio.wait_for(process.communicate(), 60))[0].decode()
    lines = [line.split(maxsplit=2) for line in output.splitlines()]
    return process.returncode, {part: [outcome, text] for outcome, part, text in lines}, output


@contextmanager
def limited_user(cluster: Cluster) -> Iterator[str]:
    cluster.redis("ACL", "SETUSER", "limited", "on", ">sesame", "~*", "&*", "+@all", "-xadd")
    try:
        yield f"redis://limited:sesame@127.0.0.1:{cluster.port('redis')}"
    finally:
        cluster.redis("ACL", "DELUSER", "limited")
        cluster.redis("ACL", "LOG", "RESET")


async def test_a_node_alone_finds_all_that_it_needs() -> None:
    code, found, _ = await check("--port", "0")
    assert code == 0 and list(found) == PARTS
    assert {outcome for outcome, _ in found.values()} == {"ok"}


async def test_beside_a_node_the_port_is_in_use_and_redis_allows_what_nodes_do(cluster: Cluster) -> None:
    user = ("--redis-user", "hubbub", "--redis-password-file", str(cluster.state / "redis.password"))
    code, found, output = await check(
        "--port", str(cluster.port("node1")), "--backplane", f"redis://127.0.0.1:{cluster.port('redis')}", *user)
    assert code == 0 and found["port"][0] == "warning"
    assert found["redis"][0] == "ok" and "delivers in" in found["redis"][1]
    assert (cluster.state / "redis.password").read_text().strip() not in output


async def test_what_redis_refuses_is_told(cluster: Cluster) -> None:
    with limited_user(cluster) as url:
        code, found, output = await check("--port", "0", "--backplane", url)
        assert code == 1 and found["redis"][0] == "failed" and "'xadd'" in found["redis"][1]
        wrong = url.replace("sesame", "parsley")
        code, found, refused = await check("--port", "0", "--backplane", wrong)
        assert code == 1 and "password was refused" in found["redis"][1]
        assert "sesame" not in output and "parsley" not in refused
    code, found, _ = await check("--port", "0", "--backplane", "redis://127.0.0.1:1")
    assert code == 1 and found["redis"][1].endswith("Connection refused")
    assert found["model"][0] == "ok", "what comes after it is looked at all the same"


async def test_the_model_is_asked() -> None:
    delta = json.dumps({"choices": [{"index": 0, "delta": {"content": "OK"}, "finish_reason": "stop"}]})
    model = FakeModel(delta, "[DONE]")
    async with model.running() as url:
        environment = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": KEY, "OPENAI_MODEL": "m"}
        code, found, _ = await check("--port", "0", **environment)
        assert code == 0 and found["model"][1].startswith("openai m: begins to answer after ")
        assert model.requests[0][2]["messages"][-1] == {"role": "user", "content": "Say OK."}
        model.status, model.body = 401, json.dumps({"error": {"message": f"wrong key {KEY}"}})
        code, found, output = await check("--port", "0", **environment)
        assert code == 1 and found["model"][0] == "failed" and KEY not in output
        code, found, _ = await check("--port", "0", "--roles", "edge", "--backplane", "redis://127.0.0.1:1", **environment)
        assert found["model"] == ["ok", "other nodes produce replies"]


async def test_published_keys_are_read() -> None:
    async def keys(_: web.Request) -> web.Response:
        return web.json_response({"keys": []})

    application = web.Application()
    application.router.add_get("/keys", keys)
    options = ("--port", "0", "--jwt-issuer", "us", "--jwt-audience", "chat", "--jwks-url")
    async with hosting(application) as url:
        code, found, _ = await check(*options, f"{url}/keys")
        assert code == 0 and found["authentication"] == ["ok", f"the keys at {url}/keys can be read"]
        code, found, _ = await check(*options, f"{url}/nothing")
        assert code == 1 and found["authentication"][0] == "failed"


@pytest.mark.parametrize(["days", "outcome"], [(100, "ok"), (5, "warning"), (-1, "failed")])
async def test_a_certificate_has_to_last(tmp_path: Path, days: int, outcome: str) -> None:
    files = Files(tmp_path)
    files.write("node", days)
    options = ("--tls-certificate-file", str(files.certificate), "--tls-key-file", str(files.key))
    code, found, _ = await check("--port", "0", *options)
    assert found["certificate"][0] == outcome and code == (1 if outcome == "failed" else 0)


async def test_wrong_options_are_told_as_serve_does() -> None:
    code, found, _ = await check("--port", "many")
    assert code == 1 and found == {"configuration": ["failed", "port must be a number from 0 to 65535"]}
    assert "unknown option --ports" in (await check("--ports", "1"))[2]
    with serving("--port", "0") as server:
        port = server.url.rsplit(":", 1)[1]
        assert (await check("--port", port))[1]["port"][0] == "warning"
