"""The server for the functional tests of SignalR's clients, asked by a client that knows nothing of this project.

What is compared to the letter here are the texts that clients' own tests compare.
"""

from collections.abc import Iterator

import aiohttp
import pytest
from pysignalr.protocol.json import JSONProtocol
from pysignalr.protocol.messagepack import MessagepackProtocol

from chat_client import ChatClient, HubError
from cluster import ROOT
from serve import listening

SERVER = ROOT / ".build/debug/ConformanceServer"
PROTOCOLS = [JSONProtocol, MessagepackProtocol]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with listening(SERVER) as server:
        yield server.url


@pytest.fixture(params=PROTOCOLS, ids=["json", "messagepack"])
async def client(url: str, request: pytest.FixtureRequest):
    async with ChatClient(url, hub="testHub", protocol=request.param()) as client:
        yield client


async def test_results_come_back(client: ChatClient) -> None:
    assert await client.invoke("Echo", "héllo") == "héllo"
    assert await client.invoke("invokewithstring", "any case") is None
    assert await client.invoke("GetCallerConnectionId")
    assert await client.invoke("GetActiveTransportName") == "WebSockets"
    assert await client.invoke("GetHeader", "X-None") is None
    assert await client.invoke("GetNumRedirects") == 0


async def test_callers_are_called_back(client: ChatClient) -> None:
    called = client.calls("Message", "CustomObject")
    await client.invoke("InvokeWithString", "back")
    await client.invoke("SendCustomObject", {"Name": "test", "Value": 42})
    assert await called("Message") == ["back"]
    assert await called("CustomObject") == [{"Name": "test", "Value": 42}]


async def test_errors_have_the_texts_that_clients_compare(client: ChatClient) -> None:
    unexpected = "An unexpected error occurred invoking '{}' on the server. InvalidOperationException: An error occurred."
    with pytest.raises(HubError) as error:
        await client.invoke("ThrowException", "An error occurred.")
    assert str(error.value) == unexpected.format("ThrowException")
    with pytest.raises(HubError) as error:
        await client.stream("StreamThrowException", "An error occurred.")
    assert str(error.value) == unexpected.format("StreamThrowException")
    with pytest.raises(HubError) as error:
        await client.invoke("Stream")
    assert str(error.value) == (
        "The client attempted to invoke the streaming 'Stream' method with a non-streaming invocation."
    )
    with pytest.raises(HubError, match="Unknown hub method 'Nothing'"):
        await client.invoke("Nothing")


async def test_complex_objects_keep_their_form(url: str) -> None:
    expected = {
        "ByteArray": "AQID", "DateTime": "2000-01-01T00:00:00Z", "GUID": "00010203-0405-0607-0706-050403020100",
        "IntArray": [1, 2, 3], "String": "hello world",
    }
    async with ChatClient(url, hub="testhub") as client:
        assert await client.invoke("SendComplexObject") == expected
        assert await client.invoke("EchoComplexObject", expected) == expected


async def test_streams_end(client: ChatClient) -> None:
    assert await client.stream("Stream") == ["a", "b", "c"]
    assert await client.stream("EmptyStream") == []


async def test_negotiation_as_the_tests_want_it(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{url}/testhub-nowebsockets/negotiate?negotiateVersion=1") as response:
            transports = [entry["transport"] for entry in (await response.json())["availableTransports"]]
            assert transports == ["ServerSentEvents", "LongPolling"]
            assert set(response.cookies) == {"testCookie", "testCookie2", "expiredCookie"}
        async with http.post(f"{url}/authorizedhub/negotiate?negotiateVersion=1") as response:
            assert (response.status, response.reason, await response.text()) == (401, "Unauthorized", "")
        async with http.get(f"{url}/generateJwtToken") as response:
            token = await response.text()
        headers = {"Authorization": f"Bearer {token}"}
        async with http.post(f"{url}/authorizedhub/negotiate?negotiateVersion=1", headers=headers) as response:
            assert response.status == 200
        async with http.post(f"{url}/bad-negotiate/negotiate") as response:
            assert (response.status, await response.text()) == (400, "Some response from server")
        numbers = []
        for _ in range(2):
            async with http.post(f"{url}/redirect/negotiate?numRedirects=0&baseUrl={url}") as response:
                redirect = (await response.json(content_type=None))["url"]
                assert redirect.startswith(f"{url}/testHub?numRedirects=")
                numbers.append(int(redirect.rpartition("=")[2]))
        assert numbers[1] == numbers[0] + 1


async def test_a_client_that_has_no_answer_is_told_of(url: str) -> None:
    async with ChatClient(url, hub="testhub") as client, aiohttp.ClientSession() as http:
        unknown = f"{url}/clientresult/nobody"
        async with http.get(unknown) as response:
            assert await response.text() == "Connection 'nobody' does not exist."
