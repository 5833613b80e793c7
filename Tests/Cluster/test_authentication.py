"""Tokens of an independent implementation are taken or refused by `hubbub serve`, on each request of a client."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cluster import Cluster
from conftest import started
from http_server import hosting
from hub_socket import RECORD_SEPARATOR, HubSocket
from serve import run, serving

SECRET = "a secret of more than 32 bytes, as it must be"
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def token(key=SECRET, algorithm: str = "HS256", kid: str | None = None, **claims) -> str:
    claims = {"sub": "ada", "exp": int(time.time()) + 600} | claims
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid} if kid else None)


def pem(*keys) -> str:
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return "".join(key.public_key().public_bytes(*form).decode() for key in keys)


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


async def statuses(url: str, **request) -> set[int]:
    """What each kind of request of a client is answered with."""
    async with aiohttp.ClientSession(url) as http:
        seen = set()
        for method, path in [
            ("POST", "/chat/negotiate"), ("GET", "/chat?id=x"), ("POST", "/chat?id=x"), ("DELETE", "/chat?id=x"),
        ]:
            async with http.request(method, path, **request) as response:
                seen.add(response.status)
                assert response.status != 401 or (await response.read() == b"" and response.reason == "Unauthorized")
        try:
            async with http.ws_connect("/chat", **request) as socket:
                await HubSocket(socket).handshake()
                seen.add(101)
        except aiohttp.WSServerHandshakeError as error:
            seen.add(error.status)
        return seen


LET_IN = {200, 404, 101}


async def test_every_request_needs_a_token_that_is_believed(tmp_path: Path) -> None:
    keys = tmp_path / "keys.pem"
    keys.write_text(pem(RSA_KEY, EC_KEY))
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    with serving(
        "--port", "0", "--model", "echo", "--require-authentication", "--jwt-secret-file", str(secret),
        HUBBUB_JWT_PUBLIC_KEY_FILE=str(keys),
    ) as server:
        for good in (token(), token(RSA_KEY, "RS256"), token(EC_KEY, "ES256"), token(exp=int(time.time()) - 60)):
            assert await statuses(server.url, headers=bearer(good)) == LET_IN
            assert await statuses(server.url, params={"access_token": good}) == LET_IN
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        for bad in (
            "nonsense", token("another secret of more than 32 bytes, too"), token(other, "RS256"), token(RSA_KEY, "PS256"),
            token(RSA_KEY, "RS512"), token(exp=int(time.time()) - 600),
            token(nbf=int(time.time()) + 600), jwt.encode({"sub": "ada", "exp": 2**33}, None, algorithm="none"),
            jwt.encode({"sub": "ada"}, SECRET, algorithm="HS256"), "",
        ):
            assert await statuses(server.url, headers=bearer(bad)) == {401}
        assert await statuses(server.url) == {401}


@pytest.fixture
def nodes_with_users() -> Iterator[Cluster]:
    yield from started("users", "--nodes", "2", options=("--jwt-secret", SECRET, "--require-authentication"))


async def test_a_reply_is_its_owners_on_every_node(nodes_with_users: Cluster) -> None:
    ada, bob = (bearer(token(sub=name)) for name in ("ada", "bob"))
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{nodes_with_users.url('node1')}/chat", headers=ada) as producing,
        http.ws_connect(f"{nodes_with_users.url('node2')}/chat", headers=bob) as strange,
        http.ws_connect(f"{nodes_with_users.url('node2')}/chat", headers=ada) as another,
    ):
        asking, stranger, owner = (HubSocket(socket) for socket in (producing, strange, another))
        for client in (asking, stranger, owner):
            await client.handshake()
        await asking.send({"type": 1, "target": "AskAi", "arguments": ["chunks=1000,interval=20ms,size=20"]})
        id = (await asking.receive())["arguments"][0]
        for method, arguments in (("Resume", [0]), ("Stop", [])):
            refused = (await stranger.invoke(method, id, *arguments))["result"]
            assert refused["status"] == "forbidden"
        assert (await owner.invoke("Resume", id, 0))["result"]["status"] == "resumed"
        while (await owner.receive())["target"] != "partial":
            pass
        assert (await owner.invoke("Stop", id))["result"]["status"] == "stopped"
        # Of the reply the stranger was told nothing at all: the next that it hears is its own.
        await stranger.send({"type": 1, "invocationId": "9", "target": "Stop", "arguments": ["nobody's"]})
        assert (await stranger.receive())["invocationId"] == "9"


@asynccontextmanager
async def publisher(keys: list[dict]) -> AsyncIterator[str]:
    """Publishes a key set, which the test may change."""
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"keys": keys})

    application = web.Application()
    application.router.add_get("/discovery/v2.0/keys", answer)
    async with hosting(application) as url:
        yield f"{url}/discovery/v2.0/keys"


def published(key, kid: str, **fields: str) -> dict:
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    algorithm = jwt.algorithms.RSAAlgorithm if is_rsa else jwt.algorithms.ECAlgorithm
    return json.loads(algorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig"} | fields


async def test_published_keys_and_tokens_in_both_forms_of_entra_id() -> None:
    v2 = f"https://login.microsoftonline.com/{TENANT}/v2.0"
    v1 = f"https://sts.windows.net/{TENANT}/"
    template = "https://login.microsoftonline.com/{tenantid}/v2.0"
    keys = [published(RSA_KEY, "one", issuer=template), {"kty": "AKP", "kid": "later"}]
    async with publisher(keys) as url:
        with serving(
            "--port", "0", "--model", "echo", "--require-authentication", "--jwks-url", url,
            "--jwt-issuer", f"{template}, https://sts.windows.net/{{tenantid}}/", "--jwt-audience", "api://chat,chat",
        ) as server:
            def entra(**claims) -> str:
                return token(RSA_KEY, "RS256", "one", **({"tid": TENANT, "aud": "api://chat"} | claims))

            for good in (entra(iss=v2, aud="chat"), entra(iss=v1, scp="Chat.Read", roles=["Reader"])):
                assert await statuses(server.url, headers=bearer(good)) == LET_IN
            for bad in (
                entra(iss=v2, aud="other"), entra(iss=v2, tid="9188040d-6c67-4c5b-b112-36a304b66dad"),
                entra(iss="https://evil.example/"), token(EC_KEY, "ES256", "two", iss=v2, tid=TENANT, aud="chat"),
            ):
                assert await statuses(server.url, headers=bearer(bad)) == {401}


async def test_connected_client_shows_a_newer_token() -> None:
    options = ("--jwt-secret", SECRET, "--require-authentication", "--authentication-refresh",
               "--close-on-authentication-expiration")
    with serving("--port", "0", "--model", "echo", *options) as server:
        async with aiohttp.ClientSession(server.url) as http:
            short = token(exp=int(time.time()) + 3)
            async with http.post("/chat/negotiate?negotiateVersion=1", headers=bearer(short)) as response:
                negotiated = await response.json()
                assert 0 <= negotiated["tokenLifetimeSeconds"] <= 3
            query = {"id": negotiated["connectionToken"]}
            async with http.ws_connect("/chat", params=query, headers=bearer(short)) as raw:
                socket = HubSocket(raw)
                await socket.handshake()
                short = token(exp=int(time.time()) + 6)
                async with http.post("/chat/refresh", params=query, headers=bearer(short)) as response:
                    assert response.status == 200
                    began = time.monotonic()
                async with http.post("/chat/refresh", params=query, headers=bearer(token(sub="eve"))) as response:
                    assert response.status == 404
                    assert await response.json() == {"error": "connection_not_found"}
                assert await socket.receive() == {"type": 7, "allowReconnect": True}
                assert time.monotonic() - began > 4, "the newer token counts"


async def test_tokens_are_not_logged(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as file:
        with serving(
            "--port", "0", "--model", "echo", "--jwt-secret", SECRET, "--log-level", "trace", log=file,
        ) as server:
            async with aiohttp.ClientSession(server.url) as http:
                value = token()
                for bad in ("", "x"):
                    query = {"access_token": value + bad, "negotiateVersion": "1"}
                    async with http.post("/chat/negotiate", params=query) as response:
                        query["id"] = (await response.json())["connectionToken"]
                    async with http.ws_connect("/chat", params=query) as raw:
                        socket = HubSocket(raw)
                        await socket.handshake()
                        await socket.send_text("no JSON" + RECORD_SEPARATOR)
                        while await socket.receive():
                            pass
                    # Until the connection's end has been dealt with it is one that is there: a WebSocket, which is not polled.
                    async with asyncio.timeout(10):
                        while (status := (await http.get("/chat", params=query)).status) != 404:
                            assert status == 400
                            await asyncio.sleep(0.01)
                    logged = log.read_text()
                    assert value not in logged and query["id"] not in logged
    assert SECRET not in log.read_text()


@pytest.mark.parametrize(
    "option, arguments",
    [
        ("require-authentication", ["--require-authentication"]),
        ("authentication-refresh", ["--authentication-refresh"]),
        ("jwt-audience", ["--jwks-url", "https://a.example/keys", "--jwt-issuer", "https://a.example"]),
        ("jwt-issuer", ["--jwks-url", "https://a.example/keys", "--jwt-audience", "chat"]),
        ("jwt-secret", ["--jwt-secret", SECRET, "--entra-tenant-id", TENANT, "--entra-client-id", "chat"]),
        ("entra-client-id", ["--entra-tenant-id", TENANT]),
    ],
)
def test_options_that_do_not_go_together_are_refused_by_name(option: str, arguments: list[str]) -> None:
    ended = run("--port", "0", *arguments)
    assert ended.returncode != 0
    [line] = ended.stderr.splitlines()
    assert option in line and SECRET not in line
