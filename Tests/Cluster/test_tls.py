"""`hubbub serve` over TLS: WebSockets and plain requests over HTTP/1.1, plain requests over HTTP/2, new certificates."""

import asyncio
import datetime
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import aiohttp
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from http_client import ChatHTTP2Client, ChatHTTPClient, long_polling, server_sent_events
from hub_socket import HubSocket
from serve import Server, run, serving


class Files:
    """A certificate and its key, where a node reads them."""

    def __init__(self, directory: Path) -> None:
        self.certificate, self.key = directory / "certificate.pem", directory / "key.pem"

    def write(self, name: str, days: int = 1) -> None:
        key, certificate = self_signed(name, days)
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key.write_bytes(key.private_bytes(*form))
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def serving(self, *options: str):
        files = "--tls-certificate-file", str(self.certificate), "--tls-key-file", str(self.key)
        return serving("--port", "0", "--model", "echo", *files, "--tls-reload-interval", "50ms", *options)


def self_signed(name: str, days: int) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    builder = x509.CertificateBuilder(
        subject, subject, key.public_key(), x509.random_serial_number(), end - datetime.timedelta(days=200), end)
    return key, builder.sign(key, hashes.SHA256())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(tmp_path)
    files.write("one")
    return files


def trusting() -> ssl.SSLContext:
    """Of its own for each client: httpx asks for HTTP/2 in the one that it is given."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def name_of(server: Server) -> str:
    """That of the certificate which a new connection is shown."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), 10) as raw:
        with trusting().wrap_socket(raw) as connection:
            certificate = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True))
            return certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


async def until_name_is(server: Server, name: str) -> None:
    async with asyncio.timeout(10):
        while await asyncio.to_thread(name_of, server) != name:
            await asyncio.sleep(0.02)


async def test_web_sockets_and_plain_requests_over_http_1_1(files: Files) -> None:
    with files.serving() as server:
        assert server.url.startswith("https://127.0.0.1:")
        connector = aiohttp.TCPConnector(ssl=trusting())
        async with aiohttp.ClientSession(server.url, connector=connector) as http:
            async with http.post("/chat/negotiate?negotiateVersion=1", headers={"Origin": server.url}) as response:
                assert response.status == 200
                query = {"id": (await response.json())["connectionToken"]}
            async with http.ws_connect("/chat", params=query, headers={"Origin": server.url}) as raw:
                socket_ = HubSocket(raw)
                await socket_.handshake()
                answer = await socket_.invoke("AskAi", "hello")
                assert answer["result"]["finish"] == "completed"
            async with http.get("/chat", params={"id": "x"}) as response:
                assert response.status == 404


async def test_negotiation_events_and_polls_over_http_2(files: Files) -> None:
    with files.serving() as server:
        async with httpx.AsyncClient(base_url=server.url, http2=True, verify=trusting(), timeout=20) as http:
            async def negotiated() -> dict[str, str]:
                response = await http.post("/chat/negotiate?negotiateVersion=1")
                assert response.status_code == 200 and response.http_version == "HTTP/2"
                return {"id": response.json()["connectionToken"]}

            handshake = '{"protocol":"json","version":1}\x1e'
            query = await negotiated()
            async with http.stream("GET", "/chat", params=query, headers={"Accept": "text/event-stream"}) as events:
                assert events.status_code == 200 and events.http_version == "HTTP/2"
                lines = events.aiter_lines()
                assert await anext(lines) == ":"
                # The same connection carries what is sent, while the stream is open.
                assert (await http.post("/chat", params=query, content=handshake)).status_code == 200
                # A line of httpx ends at the record separator, too.
                while (line := await anext(lines)) != "data: {}":
                    assert line in ("", ":")
                query = await negotiated()
                assert (await http.get("/chat", params=query)).content == b""
                assert (await http.post("/chat", params=query, content=handshake)).status_code == 200
                assert (await http.get("/chat", params=query)).content == b"{}\x1e"
                poll = asyncio.create_task(http.get("/chat", params=query))
                assert (await http.post("/chat", params=query, content='{"type":1,"target":"Nobody","invocationId":"1",'
                                        '"arguments":[]}\x1e')).status_code == 200
                assert b"Unknown hub method 'Nobody'" in (await poll).content
                assert (await http.delete("/chat", params=query)).status_code == 202


@pytest.mark.parametrize("connect", [server_sent_events, long_polling])
@pytest.mark.parametrize("kind", [ChatHTTPClient, ChatHTTP2Client])
async def test_reply_arrives_whole(files: Files, connect, kind: type) -> None:
    with files.serving() as server:
        async with connect(server.url, kind=kind) as client:
            reply = await client.ask("hello there")
            assert (await reply.end())["finish"] == "completed"
            assert reply.text == "You said: hello there"
            reply.assert_in_order()
            reply.assert_whole()


async def test_server_that_ends_ends_streams_of_http_2(files: Files) -> None:
    with files.serving() as server:
        async with httpx.AsyncClient(base_url=server.url, http2=True, verify=trusting(), timeout=20) as http:
            response = await http.post("/chat/negotiate?negotiateVersion=1")
            query = {"id": response.json()["connectionToken"]}
            async with http.stream("GET", "/chat", params=query, headers={"Accept": "text/event-stream"}) as events:
                lines = events.aiter_lines()
                assert await anext(lines) == ":"
                server.terminate()
                # httpx takes GOAWAY for an error of the streams that it lets end in order.
                with suppress(httpx.RemoteProtocolError):
                    async for _ in lines:
                        pass
        assert await asyncio.to_thread(server.process.wait, 15) == 0


async def test_new_certificate_is_for_new_connections(files: Files) -> None:
    with files.serving() as server:
        assert await asyncio.to_thread(name_of, server) == "one"
        connector = aiohttp.TCPConnector(ssl=trusting())
        async with aiohttp.ClientSession(server.url, connector=connector) as http, http.ws_connect("/chat") as raw:
            socket_ = HubSocket(raw)
            await socket_.handshake()
            files.write("two")
            await until_name_is(server, "two")
            assert (await socket_.invoke("AskAi", "hello"))["result"]["finish"] == "completed"
            # What cannot be used is passed over.
            files.key.write_text("no key")
            await asyncio.sleep(0.2)
            assert await asyncio.to_thread(name_of, server) == "two"
            files.write("three")
            await until_name_is(server, "three")


async def test_client_without_tls_is_cut_off(files: Files) -> None:
    with files.serving() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(10):
            assert b"HTTP/1.1" not in await reader.read()
        writer.close()
        assert await asyncio.to_thread(name_of, server) == "one"


def test_files_that_cannot_be_used_are_refused_by_name(files: Files, tmp_path: Path) -> None:
    other = Files(tmp_path / "other")
    other.key.parent.mkdir()
    other.write("other")
    empty = tmp_path / "empty.pem"
    empty.touch()
    for option, certificate, key in [
        ("tls-key-file", files.certificate, other.key),
        ("tls-key-file", files.certificate, empty),
        ("tls-key-file", files.certificate, None),
        ("tls-certificate-file", empty, files.key),
        ("tls-certificate-file", tmp_path / "nowhere.pem", files.key),
        ("tls-certificate-file", None, files.key),
    ]:
        arguments = ["--tls-certificate-file", str(certificate)] if certificate else []
        arguments += ["--tls-key-file", str(key)] if key else []
        ended = run("--port", "0", *arguments)
        assert ended.returncode != 0
        [line] = ended.stderr.splitlines()
        assert option in line
