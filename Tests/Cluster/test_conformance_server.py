"""The conformance server itself: paths, statuses, headers and cookies that the functional tests of SignalR's clients expect."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from cluster import CONFORMANCE_SERVER
from http2_session import HTTP2Session
from http_client import HTTP2Client, HTTPClient, long_polling, server_sent_events, session_of_http_1, web_sockets
from hub_protocols import JSON, MessagePack
from hub_socket import hub_socket
from serve import listening
from signalr_clients import EVENTS, POLLING


async def test_hub_that_cannot_be_made_closes_its_connections(url: str) -> None:
    async with hub_socket(url, "uncreatable") as socket:
        await socket.handshake()
        close = await socket.receive()
        assert close["type"] == 7 and "allowReconnect" not in close
        assert close["error"] == (
            "Connection closed with an error. InvalidOperationException: Unable to resolve service for type "
            "'System.Object' while attempting to activate 'FunctionalTests.UncreatableHub'."
        )
        assert await socket.receive() is None


async def test_negotiation_as_the_tests_want_it(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{url}/testhub-nowebsockets/negotiate?negotiateVersion=1") as response:
            transports = [entry["transport"] for entry in (await response.json())["availableTransports"]]
            assert transports == [EVENTS, POLLING]
            assert set(response.cookies) == {"testCookie", "testCookie2", "expiredCookie"}
        async with http.post(f"{url}/authorizedhub/negotiate?negotiateVersion=1") as response:
            assert (response.status, response.reason, await response.text()) == (401, "Unauthorized", "")
        async with http.post(f"{url}/bad-negotiate/negotiate") as response:
            assert (response.status, await response.text()) == (400, "Some response from server")


PATHS = [
    ("post", "testhub/negotiate", 200), ("post", "authorizedhub/negotiate", 401), ("get", "echo", 400),
    ("post", "redirect/negotiate", 200), ("post", "bad-negotiate/negotiate", 400),
    ("post", "echoredirect/negotiate", 307), ("get", "generateJwtToken", 200), ("get", "clientresult/nobody", 200),
    ("get", "deployment", 200), ("put", "redirect/any/path", 200), ("propfind", "bad-negotiate", 400),
    ("delete", "EchoRedirect", 307), ("get", "nowhere", 404), ("post", "deployment", 404),
    ("get", "DEPLOYMENT", 200), ("get", "ClientResult/Nobody", 200),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "status"), PATHS)
async def test_pages_of_any_origin_may_ask(url: str, method: str, path: str, status: int) -> None:
    origin = {"Origin": "http://example.com"}
    headers = "x-header,x-requested-with"
    asks = {"Access-Control-Request-Method": method.upper(), "Access-Control-Request-Headers": headers}
    async with aiohttp.ClientSession() as http:
        async with http.options(f"{url}/{path}", headers=origin | asks) as preflight:
            assert preflight.status == 204
            assert method.upper() in preflight.headers["Access-Control-Allow-Methods"]
            assert preflight.headers["Access-Control-Allow-Headers"] == headers
        async with http.request(method, f"{url}/{path}", headers=origin, allow_redirects=False) as response:
            assert response.status == status
        for answer in (preflight, response):
            assert answer.headers.getall("Access-Control-Allow-Origin") == ["http://example.com"]
            assert answer.headers.getall("Access-Control-Allow-Credentials") == ["true"]


async def test_redirects_keep_path_and_query(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        asking = http.post(f"{url}/echoredirect/negotiate?negotiateVersion=1&a=b", allow_redirects=False)
        async with asking as response:
            assert (response.status, response.headers["Location"]) == (307, "/echo/negotiate?negotiateVersion=1&a=b")
        async with http.get(f"{url}/EchoRedirect?id=1", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (307, "/echo?id=1")


async def test_redirects_count_from_one() -> None:
    with listening(CONFORMANCE_SERVER) as server:
        async with aiohttp.ClientSession() as http:
            for number in (1, 2, 3):
                async with http.post(f"{server.url}/redirect/negotiate?numRedirects=0&baseUrl=http://h") as response:
                    assert await response.json(content_type=None) == {"url": f"http://h/testHub?numRedirects={number}"}


async def test_paths_have_no_case_and_ids_have(url: str) -> None:
    async with aiohttp.ClientSession() as http, web_sockets(url, "TestHub", kind=HTTPClient) as client:
        connection = await client.invoke("GetCallerConnectionId")
        client.answers("Result", lambda: 10)
        async with http.get(f"{url}/ClientResult/{connection}") as response:
            assert await response.text() == "10"
        other = connection.swapcase()
        async with http.get(f"{url}/clientresult/{other}") as response:
            assert await response.text() == f"Connection '{other}' does not exist."


@pytest.mark.parametrize(("connect", "hub"), [
    (web_sockets, "testhub"), (server_sent_events, "testhub-nowebsockets"), (long_polling, "testhub-nowebsockets"),
    (web_sockets, "rooms"), (long_polling, "rooms"),
])  # fmt: skip
async def test_clients_of_every_hub_are_asked(url: str, connect, hub: str) -> None:
    async with aiohttp.ClientSession() as http, connect(url, hub, kind=HTTPClient) as client:
        client.answers("Result", lambda: 10)
        asked = "Id" if hub == "rooms" else "GetCallerConnectionId"
        async with http.get(f"{url}/clientresult/{await client.invoke(asked)}") as response:
            assert await response.text() == "10"


async def test_server_behind_a_balancer_says_which_it_is(url: str) -> None:
    nodes = set()
    async with aiohttp.ClientSession() as http:
        for _ in range(3):
            async with http.get(f"{url}/deployment") as response:
                assert response.content_type == "application/json"
                deployment = await response.json()
                nodes.add(deployment["node"])
    assert len(nodes) == (3 if deployment["isClustered"] else 1)


async def test_files_are_served_beside_the_hubs(tmp_path: Path) -> None:
    script = tmp_path / "lib/signalr-webworker/signalr.js"
    script.parent.mkdir(parents=True)
    script.write_text("// the client")
    with listening(CONFORMANCE_SERVER, "--files", tmp_path) as server:
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{server.url}/lib/signalr-webworker/signalr.js") as response:
                assert (response.status, response.content_type) == (200, "text/javascript")
                assert await response.text() == "// the client"
            async with http.get(f"{server.url}/lib/none.js") as response:
                assert response.status == 404
        async with web_sockets(server.url, "testhub", kind=HTTPClient) as client:
            assert await client.invoke("Echo", "beside files") == "beside files"


async def test_https_has_cookies_that_browsers_send_to_other_sites(conformance_secure_server: str) -> None:
    url = conformance_secure_server
    for session in (session_of_http_1, HTTP2Session):
        async with session() as http, http.post(URL(f"{url}/testhub/negotiate?negotiateVersion=1")) as response:
            cookies = [value for name, value in response.headers.items() if name.lower() == "set-cookie"]
            assert cookies and all("; path=/; SameSite=None; Secure; Partitioned" in cookie for cookie in cookies)
    async with session_of_http_1() as http, http.ws_connect(f"{url}/open-echo") as socket:
        await socket.send_str("secret")
        assert await socket.receive_str() == "secret"


SECURE_CLIENTS = [
    (web_sockets, JSON, HTTPClient), (web_sockets, MessagePack, HTTPClient),
    (server_sent_events, JSON, HTTPClient), (server_sent_events, JSON, HTTP2Client),
    (long_polling, JSON, HTTPClient), (long_polling, JSON, HTTP2Client),
    (long_polling, MessagePack, HTTPClient), (long_polling, MessagePack, HTTP2Client),
]  # fmt: skip


@pytest.mark.parametrize(("connect", "protocol", "client_of"), SECURE_CLIENTS)
async def test_https_has_all_that_http_has(conformance_secure_server: str, connect, protocol, client_of) -> None:
    url = conformance_secure_server
    async with connect(url, "testhub", protocol(), client_of) as client:
        assert await client.invoke("GetCookie", "testCookie") == "testValue"
        assert await client.invoke("GetCookie", "expiredCookie") is None
        assert await client.stream("Stream") == ["a", "b", "c"]
        assert await client.upload("StreamingConcat", ["a", "b"]) == "ab"
        client.answers("Result", lambda: 10)
        texts = [f"{number} " + "x" * 1000 for number in range(30)]
        assert await asyncio.gather(*(client.invoke("Echo", text) for text in texts)) == texts
        asking = URL(f"{url}/clientresult/{client.connection_id}")
        async with client_of.session() as http, http.get(asking) as response:
            assert await response.text() == "10"
    async with client_of.session() as http, http.get(URL(f"{url}/generateJwtToken")) as response:
        token = await response.text()
    async with connect(url, "authorizedhub", protocol(), client_of, token) as client:
        assert await client.invoke("GetUserNameIdentifier") == "testuser"
