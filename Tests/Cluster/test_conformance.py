"""What the functional tests of SignalR's clients ask of a server, asked by clients that know nothing of this project: of one
server, and of three through balancers in plain round robin.

What is compared to the letter here are the texts that clients' own tests compare.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp
import msgpack
import pytest

from chat_client import HubError
from cluster import CONFORMANCE_SERVER
from http_client import HTTPClient, long_polling, server_sent_events, web_sockets
from hub_socket import hub_socket
from serve import listening
from signalr_clients import EVENTS, KINDS, MESSAGEPACK, POLLING, Kind

UNEXPECTED = "An unexpected error occurred invoking '{}' on the server. InvalidOperationException: An error occurred."
JAVASCRIPT = [kind for kind in KINDS if kind.library == "javascript"]


def of(kinds: list[Kind]) -> Callable:
    return pytest.mark.parametrize("kind", kinds, ids=str)


@of(KINDS)
async def test_results_come_back(url: str, kind: Kind) -> None:
    async with kind.connect(url, "testHub") as client:
        assert await client.invoke("Echo", "héllo €𝄞") == "héllo €𝄞"
        assert await client.invoke("invokewithstring", "any case") is None
        assert await client.invoke("GetCallerConnectionId")
        assert await client.invoke("GetActiveTransportName") == kind.transport
        assert await client.invoke("GetHeader", "X-None") is None
        assert await client.invoke("GetNumRedirects") == 0


@of(KINDS)
async def test_callers_are_called_back(url: str, kind: Kind) -> None:
    async with kind.connect(url, "testhub") as client:
        called = client.calls("Message", "CustomObject")
        await client.invoke("InvokeWithString", "back")
        assert await called("Message") == ["back"]
        await client.invoke("SendCustomObject", {"Name": "test", "Value": 42})
        assert await called("CustomObject") == [{"Name": "test", "Value": 42}]


@of(KINDS)
async def test_errors_have_the_texts_that_clients_compare(url: str, kind: Kind) -> None:
    async with kind.connect(url, "testhub") as client:
        with pytest.raises(HubError) as error:
            await client.invoke("ThrowException", "An error occurred.")
        assert str(error.value) == UNEXPECTED.format("ThrowException")
        with pytest.raises(HubError) as error:
            await client.invoke("Stream")
        assert str(error.value) == (
            "The client attempted to invoke the streaming 'Stream' method with a non-streaming invocation."
        )
        with pytest.raises(HubError, match="Unknown hub method 'Nothing'"):
            await client.invoke("Nothing")


@of([kind for kind in KINDS if kind.streams])
async def test_streams_end(url: str, kind: Kind) -> None:
    async with kind.connect(url, "testhub") as client:
        assert await client.stream("Stream") == ["a", "b", "c"]
        assert await client.stream("EmptyStream") == []
        with pytest.raises(HubError) as error:
            await client.stream("StreamThrowException", "An error occurred.")
        assert str(error.value) == UNEXPECTED.format("StreamThrowException")
        with pytest.raises(HubError) as error:
            await client.stream("Echo", "no stream")
        assert str(error.value) == (
            "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation."
        )


@of([kind for kind in KINDS if kind.uploads])
async def test_what_clients_stream_arrives_in_its_order(url: str, kind: Kind) -> None:
    words = [f"{number}," for number in range(30)]
    async with kind.connect(url, "testhub") as client:
        assert await client.upload("StreamingConcat", words) == "".join(words)


@of([kind for kind in KINDS if kind.uploads])
async def test_clients_answer_what_the_hub_asks(url: str, kind: Kind) -> None:
    async with kind.connect(url, "testhub") as client, aiohttp.ClientSession() as http:
        asking = f"{url}/clientresult/{await client.invoke('GetCallerConnectionId')}"
        client.answers("Result", lambda: 10)
        for _ in range(3):
            async with http.get(asking) as response:
                assert (response.status, await response.text()) == (200, "10")


@of([kind for kind in KINDS if kind.library != "signalr_zero"])
async def test_many_invocations_at_once(url: str, kind: Kind) -> None:
    async with kind.connect(url, "testhub") as client:
        texts = [f"{number} " + "x" * 1000 for number in range(30)]
        assert await asyncio.gather(*(client.invoke("Echo", text) for text in texts)) == texts


@of(JAVASCRIPT)
async def test_complex_objects_keep_their_form(url: str, kind: Kind) -> None:
    binary = kind.protocol == MESSAGEPACK
    expected = {
        "ByteArray": b"\x01\x02\x03" if binary else "AQID",
        "DateTime": msgpack.Timestamp(946_684_800) if binary else "2000-01-01T00:00:00Z",
        "Guid": "00010203-0405-0607-0706-050403020100", "IntArray": [1, 2, 3], "String": "hello world",
    }  # fmt: skip
    async with kind.connect(url, "testhub") as client:
        assert await client.invoke("SendComplexObject") == expected
        assert await client.invoke("EchoComplexObject", expected) == expected
        other = {
            "ByteArray": b"hello" if binary else "aGVsbG8=",
            "DateTime": msgpack.Timestamp(1_017_656_415) if binary else "2002-04-01T10:20:15Z",
            "Guid": "00010203-0405-0607-0706-050403020100", "IntArray": [1, 2, 3, 255], "String": "Hello, World!",
        }  # fmt: skip
        assert await client.invoke("EchoComplexObject", other) == other


@of(JAVASCRIPT)
async def test_ends_of_uploads_and_answers_are_told(url: str, kind: Kind) -> None:
    async with kind.connect(url, "testhub") as client, aiohttp.ClientSession() as http:
        with pytest.raises(HubError) as error:
            await client.upload("StreamingConcat", ["a"], error="Something bad")
        assert str(error.value) == (
            "An unexpected error occurred invoking 'StreamingConcat' on the server. HubException: Something bad"
        )
        asking = f"{url}/clientresult/{await client.invoke('GetCallerConnectionId')}"
        async with http.get(asking) as response:
            assert await response.text() == "Client didn't provide a result."

        def fail() -> None:
            raise ValueError("from callback")

        client.answers("Result", fail)
        async with http.get(asking) as response:
            assert await response.text() == "Error: from callback"
    async with aiohttp.ClientSession() as http, http.get(f"{url}/clientresult/nobody") as response:
        assert await response.text() == "Connection 'nobody' does not exist."


@of(JAVASCRIPT)
async def test_a_stream_is_cancelled(url: str, kind: Kind) -> None:
    async with kind.connect(url, "testhub") as client:
        called = client.calls("StreamCanceled")
        stream = client.next_number()
        # Both in one POST: the stream has to be known before it has begun.
        await client.send(
            {"type": 4, "invocationId": stream, "target": "InfiniteStream", "arguments": []},
            {"type": 5, "invocationId": stream},
        )
        assert await called("StreamCanceled") == []
        assert await client.completion(stream) is None


@of(JAVASCRIPT)
async def test_cookies_and_headers_reach_the_hub(url: str, kind: Kind) -> None:
    async with kind.connect(url, "testhub") as client:
        assert await client.invoke("GetCookie", "testCookie") == "testValue"
        assert await client.invoke("GetCookie", "testCookie2") == "testValue2"
        assert await client.invoke("GetCookie", "expiredCookie") is None
        requested = "XMLHttpRequest" if kind.transport == POLLING else None
        assert await client.invoke("GetHeader", "x-requested-with") == requested
        assert await client.invoke("GetContentTypeHeader") is None


@pytest.mark.parametrize("connect", [web_sockets, server_sent_events, long_polling])
async def test_redirects_are_followed_and_counted(url: str, connect) -> None:
    counts = []
    for _ in range(2):
        async with connect(url, f"redirect?numRedirects=0&baseUrl={url}", kind=HTTPClient) as client:
            counts.append(await client.invoke("GetNumRedirects"))
    assert 0 < counts[0] < counts[1]


@pytest.mark.parametrize("connect", [web_sockets, server_sent_events, long_polling])
async def test_tokens_are_asked_for(url: str, connect) -> None:
    with pytest.raises(PermissionError, match="^Unauthorized: Status code '401'$"):
        async with connect(url, "authorizedhub", kind=HTTPClient):
            pass
    async with aiohttp.ClientSession() as http, http.get(f"{url}/generateJwtToken") as response:
        token = await response.text()
    async with connect(url, "authorizedhub", kind=HTTPClient, token=token) as client:
        assert await client.invoke("Echo", "known") == "known"
        assert await client.invoke("GetUserNameIdentifier") == "testuser"
        assert await client.invoke("GetUserClaim", "aud") == "SignalRTests"
        assert await client.invoke("GetUserClaim", "none") == ""


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
    ("get", "deployment", 200),
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
        async with http.get(f"{url}/echoredirect?id=1", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (307, "/echo?id=1")


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
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as http:
        async with http.post(f"{url}/testhub/negotiate?negotiateVersion=1") as response:
            for cookie in response.headers.getall("Set-Cookie"):
                assert cookie.endswith("; path=/; SameSite=None; Secure; Partitioned")
        async with http.ws_connect(f"{url}/open-echo") as socket:
            await socket.send_str("secret")
            assert await socket.receive_str() == "secret"
    for connect in (web_sockets, server_sent_events, long_polling):
        async with connect(url, "testhub", kind=HTTPClient) as client:
            assert await client.invoke("GetCookie", "testCookie") == "testValue"
            assert await client.invoke("GetCookie", "expiredCookie") is None
