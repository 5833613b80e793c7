"""Bad input over the wire gets a clear answer, and the node and every other connection live on."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from chat_client import ChatClient
from cluster import Cluster
from hub_socket import HubSocket, hub_socket

CLOSED_WITH_ERROR = "Connection closed with an error."
GOOD_PROMPT = "chunks=3,interval=1ms,size=20"


@pytest.fixture
async def bystander(cluster: Cluster) -> AsyncIterator[ChatClient]:
    """A client of the same node, whose reply goes on."""
    async with ChatClient(cluster.url("node1")) as client:
        yield client
        reply = await client.ask(GOOD_PROMPT)
        await reply.end()
        reply.assert_whole(chunks=3)


@pytest.fixture
async def socket(cluster: Cluster, bystander: ChatClient) -> AsyncIterator[HubSocket]:
    async with hub_socket(cluster.url("node1")) as socket:
        await socket.handshake()
        yield socket


@pytest.mark.parametrize(
    "text",
    [
        '{"type":1,"target":\x1e',
        "no JSON\x1e",
        '{"target":"AskAi","arguments":["hello"]}\x1e',
        '{"type":1,"arguments":["hello"]}\x1e',
        '{"protocol":"json","version":1}\x1e',
        '{"type":1,"target":"AskAi","arguments":["' + 2_000_000 * "a" + '"]}\x1e',
    ],
    ids=["malformed JSON", "no JSON", "no type", "no target", "second handshake", "oversize message"],
)
async def test_protocol_error_closes_the_connection(socket: HubSocket, text: str) -> None:
    await socket.send_text(text)
    message = await socket.receive()
    assert message["type"] == 7
    assert message["error"].startswith(CLOSED_WITH_ERROR)
    assert message["allowReconnect"] is True
    assert await socket.receive() is None


@pytest.mark.parametrize(
    "target, arguments, error",
    [
        ("Nonsense", [], "Unknown hub method 'Nonsense'"),
        ("AskAi", [], "Failed to invoke 'AskAi' due to an error on the server."),
        ("AskAi", ["a", {}, "too many"], "Failed to invoke 'AskAi' due to an error on the server."),
        ("AskAi", [42], "Failed to invoke 'AskAi' due to an error on the server."),
        ("AskAi", [""], "HubException: "),
        ("AskAi", [" \n"], "HubException: "),
        ("AskAi", ["a" * (32 * 1024 + 1)], "HubException: "),
        ("Resume", ["00"], "Failed to invoke 'Resume' due to an error on the server."),
        ("Resume", ["00" * 16, "x"], "Failed to invoke 'Resume' due to an error on the server."),
        ("Stop", [None], "Failed to invoke 'Stop' due to an error on the server."),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_refused_invocation_leaves_the_connection(
    socket: HubSocket, target: str, arguments: list, error: str
) -> None:
    completion = await socket.invoke(target, *arguments)
    assert completion["invocationId"] == "7"
    assert error in completion["error"]
    assert "result" not in completion
    assert (await socket.invoke("AskAi", GOOD_PROMPT))["result"]["finish"] == "completed"


@pytest.mark.parametrize("message_id", ["", "x", "0" * 32, "../../etc/passwd", "a" * 10_000, "{c:1}"])
async def test_resume_of_an_unknown_reply_is_gone(socket: HubSocket, message_id: str) -> None:
    assert (await socket.invoke("Resume", message_id, 0))["result"]["status"] == "gone"


async def test_invocation_without_id_is_never_answered(socket: HubSocket) -> None:
    await socket.send({"type": 1, "target": "Nonsense", "arguments": []})
    await socket.send({"type": 1, "target": "AskAi", "arguments": [42]})
    assert (await socket.invoke("Stop", "0" * 32))["invocationId"] == "7"


async def test_unknown_message_type_is_ignored(socket: HubSocket) -> None:
    await socket.send({"type": 99, "whatever": True})
    assert (await socket.invoke("AskAi", GOOD_PROMPT))["result"]["finish"] == "completed"


@pytest.mark.parametrize(
    "request_, error",
    [
        ({"protocol": "morse", "version": 1}, "The protocol 'morse' is not supported."),
        ({"protocol": "json", "version": 9}, "The server does not support version 9 of the 'json' protocol."),
    ],
    ids=["protocol", "version"],
)
async def test_refused_handshake_says_why(cluster: Cluster, bystander: ChatClient, request_: dict, error: str) -> None:
    async with hub_socket(cluster.url("node1")) as socket:
        await socket.send(request_)
        assert await socket.receive() == {"error": error}
        assert await socket.receive() is None


async def test_unknown_id_has_no_connection(cluster: Cluster, bystander: ChatClient) -> None:
    async with aiohttp.ClientSession() as http:
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        upgrade["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
        async with http.get(f"{cluster.url('node1')}/chat?id=nobody", headers=upgrade) as response:
            assert response.status == 404
            assert await response.text() == "No Connection with that ID"


async def test_other_origin_is_refused(cluster: Cluster, bystander: ChatClient) -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{cluster.url()}/chat", origin="http://elsewhere.example")
        assert refused.value.status == 403
        async with http.ws_connect(f"{cluster.url()}/chat", origin=cluster.url()):
            pass
