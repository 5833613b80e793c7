"""Connections to Redis with TLS, and what is said where there is none."""

import asyncio
import datetime
import ipaddress
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chat_client import ChatClient
from serve import assert_refused, run, serving

PEM = serialization.Encoding.PEM


class Authority:
    """A certificate authority, and what it has signed, as files."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory, self.name = directory, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._write(name, self._key, [x509.BasicConstraints(ca=True, path_length=None)])

    def file(self, name: str, kind: str = "pem") -> Path:
        return self.directory / f"{name}.{kind}"

    @property
    def certificate(self) -> Path:
        return self.file(self.name)

    def sign(self, name: str, *hosts: x509.GeneralName, days: int = 1) -> str:
        extensions = [x509.SubjectAlternativeName(hosts)] if hosts else []
        self._write(name, ec.generate_private_key(ec.SECP256R1()), extensions, days)
        return name

    def _write(self, name: str, key: ec.EllipticCurvePrivateKey, extensions: list, days: int = 1) -> None:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]),
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key(),
            x509.random_serial_number(), now - datetime.timedelta(days=2), now + datetime.timedelta(days=days))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.file(name, "key").write_bytes(key.private_bytes(PEM, *form))
        self.file(name).write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(PEM))


class TLSRedis:
    def __init__(self, authority: Authority, certificate: str, asks: bool = False) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.command = [
            "redis-server", "--bind", "127.0.0.1", "--port", "0", "--tls-port", str(self.port), "--save", "",
            "--maxmemory-policy", "noeviction", "--tls-cert-file", str(authority.file(certificate)),
            "--tls-key-file", str(authority.file(certificate, "key")), "--tls-ca-cert-file", str(authority.certificate),
            "--tls-auth-clients", "yes" if asks else "no", "--requirepass", "sesame",
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)

    def url(self, host: str = "127.0.0.1") -> str:
        return f"rediss://:sesame@{host}:{self.port}"

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture
def redis(authority: Authority, request: pytest.FixtureRequest) -> Iterator[TLSRedis]:
    hosts = x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    redis = TLSRedis(authority, authority.sign("redis", *hosts), asks=getattr(request, "param", False))
    yield redis
    redis.end()


async def said(log: Path, text: str) -> None:
    async with asyncio.timeout(20):
        while text not in log.read_text():
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_reply_comes_from_another_node_also_when_redis_was_away(
    redis: TLSRedis, authority: Authority, host: str
) -> None:
    options = ("--backplane", redis.url(host), "--redis-ca-file", str(authority.certificate), "--model", "synthetic")
    with (
        serving("--port", "0", "--roles", "edge", *options) as edge,
        serving("--port", "0", "--roles", "worker", *options),
    ):
        async with ChatClient(edge.url) as client:
            reply = await client.ask("chunks=150,interval=20ms,size=20")
            await reply.until(lambda reply: len(reply.text) > 200)
            redis.end()
            redis.start()
            await reply.end()
            reply.assert_whole(150)


@pytest.mark.parametrize("redis", [True], indirect=True)
async def test_redis_may_want_a_certificate(redis: TLSRedis, authority: Authority, tmp_path: Path) -> None:
    trusting = ("--port", "0", "--backplane", redis.url(), "--redis-ca-file", str(authority.certificate))
    log = tmp_path / "log"
    with log.open("w") as file, serving(*trusting, log=file):
        await said(log, "it wants a certificate of its clients")
    node = authority.sign("node")
    shown = "--redis-certificate-file", str(authority.file(node)), "--redis-key-file", str(authority.file(node, "key"))
    with log.open("w") as file, serving(*trusting, *shown, log=file):
        await said(log, "redis is ready")


async def test_who_is_not_trusted_is_told_nothing(redis: TLSRedis, authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    stranger = TLSRedis(authority, authority.sign("stranger", x509.DNSName("redis.example")))
    outdated = TLSRedis(authority, authority.sign("outdated", x509.DNSName("localhost"), days=-1))
    try:
        for url, trusted, reason in [
            (redis.url(), other, "its certificate is not trusted"),
            (stranger.url("localhost"), authority, "its certificate is not one of localhost"),
            (outdated.url("localhost"), authority, "its certificate is not trusted, or is over"),
        ]:
            log = tmp_path / "log"
            options = ("--backplane", url, "--redis-ca-file", str(trusted.certificate))
            with log.open("w") as file, serving("--port", "0", *options, log=file):
                await said(log, reason)
            assert "sesame" not in log.read_text()
    finally:
        stranger.end()
        outdated.end()


async def test_a_redis_without_tls_is_found_out(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    plain = subprocess.Popen(
        ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
    log = tmp_path / "log"
    try:
        with log.open("w") as file, serving("--port", "0", "--backplane", f"rediss://127.0.0.1:{port}", log=file):
            await said(log, "no answer to the greeting, which has TLS")
    finally:
        plain.kill()
        plain.wait()


def test_files_that_cannot_be_used_are_refused(authority: Authority, tmp_path: Path) -> None:
    node, certificate = authority.sign("node"), str(authority.certificate)
    rediss = ("--port", "0", "--backplane", "rediss://127.0.0.1:1")
    assert_refused(run(*rediss, "--redis-ca-file", str(tmp_path / "nowhere")), "redis-ca-file")
    assert_refused(run(*rediss, "--redis-certificate-file", certificate), "redis-key-file")
    files = ("--redis-certificate-file", str(authority.file(node)), "--redis-key-file", certificate)
    assert_refused(run(*rediss, *files), "redis-key-file")
    assert_refused(run("--port", "0", "--backplane", "redis://127.0.0.1:1", "--redis-ca-file", certificate), "rediss")
