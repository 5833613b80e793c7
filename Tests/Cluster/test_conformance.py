"""What the functional tests of SignalR's clients ask of a server, asked by clients that know nothing of this project: of one
server, and of three through balancers in plain round robin.

What is compared to the letter here are the texts that clients' own tests compare.
"""

import asyncio
from collections.abc import Callable

import aiohttp
import msgpack
import pytest

from chat_client import HubError
from http_client import HTTPClient, long_polling, server_sent_events, web_sockets
from signalr_clients import KINDS, MESSAGEPACK, POLLING, Kind

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


@of([kind for kind in KINDS if kind.answers])
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
    assert 0 < counts[0] < counts[1] < 10_000


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
