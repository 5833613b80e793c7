"""Everything in Azure that gives tokens, on loopback: Entra (over TLS) and the sources of managed identities; and a vault.

Requests are kept; answers are good unless a test scripts others.
"""

import base64
import datetime
import hashlib
import ipaddress
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

# What a source of tokens may hold against a request; the others are of the HTTP libraries.
HEADERS = ["metadata", "x-identity-header", "secret", "authorization", "ocp-apim-subscription-key"]
LIFETIME = 86399


def self_signed(name):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def write_pem(path, key, certificate, password=None):
    encryption = (
        serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    )
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class FakeAzure:
    def __init__(self, folder: Path):
        key, certificate = self_signed("fake Azure")
        server_file = write_pem(folder / "server.pem", key, certificate)
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self.thumbprint = certificate.fingerprint(hashes.SHA1()).hex()
        self.requests = []
        self.scripted = {}
        # Of the vault, by name.
        self.secrets = {}
        self.lock = threading.Lock()
        self.plain = self.serve()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server_file)
        self.secure = self.serve(context)
        self.http = f"http://127.0.0.1:{self.plain.server_port}"
        self.https = f"https://127.0.0.1:{self.secure.server_port}"

    def serve(self, context=None, address=("127.0.0.1", 0)):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                fake.handle(self, b"")

            def do_POST(self):
                fake.handle(self, self.rfile.read(int(self.headers.get("content-length", 0))))

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # A client that does not trust the certificate.

        server = Server(address, Handler)
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server

    def close(self):
        for server in (self.plain, self.secure):
            server.shutdown()
            server.server_close()

    def reset(self):
        with self.lock:
            self.requests = []
            self.scripted = {}
            self.secrets = {}

    def script(self, path, *answers):
        """The next requests whose path ends so get these answers, (status, body[, headers]) or what makes one of the request, the
        last one for ever."""
        self.scripted[path] = list(answers)

    def handle(self, handler, body):
        url = urlsplit(handler.path)
        request = {
            "port": handler.server.server_port,
            "method": handler.command,
            "path": url.path,
            "query": dict(parse_qsl(url.query, keep_blank_values=True)),
            "headers": {name: handler.headers[name] for name in HEADERS if name in handler.headers},
            "form": dict(parse_qsl(body.decode(), keep_blank_values=True)),
        }
        if not url.path.endswith("openid-configuration"):
            with self.lock:
                self.requests.append(request)
        scripted = self.scripted_answer(url.path) or self.answer
        status, answer, *headers = scripted(request) if callable(scripted) else scripted
        data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        fields = {"content-type": "application/json" if data[:1] == b"{" else "text/html", "content-length": len(data)}
        handler.send_response(status)
        for name, value in (fields | (headers[0] if headers else {})).items():
            handler.send_header(name, str(value))
        handler.end_headers()
        handler.wfile.write(data)

    def scripted_answer(self, path):
        with self.lock:
            for suffix, answers in self.scripted.items():
                if path.endswith(suffix):
                    return answers.pop(0) if len(answers) > 1 else answers[0]
        return None

    def answer(self, request):
        source = request["path"].split("/")[1]
        if request["port"] == 40342:
            source = "arc"
        return {
            "imds": self.imds,
            "metadata": self.imds,
            "appservice": self.app_service,
            "arc": self.arc,
            "fabric": self.service_fabric,
            "ml": self.azure_ml,
            "shell": self.cloud_shell,
            "secrets": self.vault,
        }.get(source, self.entra)(request)

    def token(self, request, source, **members):
        """A token that tells who it is of and what it is for."""
        resource = request["query"].get("resource") or request["form"].get("resource") or request["form"].get("scope")
        text = f"{source}:{resource}".replace(" ", "+")
        return 200, {"access_token": text, "token_type": "Bearer", "resource": resource, **members}

    def imds(self, request):
        if request["headers"].get("metadata") != "true":
            return 400, {"error": "invalid_request", "error_description": "Required metadata header not specified"}
        if request["query"].get("client_id", "").startswith("unknown"):
            return 400, {"error": "invalid_request", "error_description": "Identity not found"}
        now = int(time.time())
        return self.token(request, "imds", expires_in=str(LIFETIME), expires_on=str(now + LIFETIME))

    def app_service(self, request):
        if request["headers"].get("x-identity-header") != "header-1":
            return 401, {"statusCode": 401, "message": "no access"}
        return self.token(request, "appservice", expires_on=str(int(time.time()) + LIFETIME))

    def azure_ml(self, request):
        if request["headers"].get("secret") != "secret-1":
            return 401, {"statusCode": 401, "message": "no access"}
        return self.token(request, "ml", expires_on=int(time.time()) + LIFETIME)

    def cloud_shell(self, request):
        now = int(time.time())
        return self.token(request, "shell", expires_in=str(LIFETIME), expires_on=str(now + LIFETIME))

    def service_fabric(self, request):
        if request["headers"].get("secret") != "header-1":
            return 401, {"error": {"code": "SecretHeaderNotFound", "message": "Secret is not found"}}
        return self.token(request, "fabric", expires_on=int(time.time()) + LIFETIME)

    def arc(self, request):
        key = Path("/var/opt/azcmagent/tokens/challenge.key")
        if request["headers"].get("authorization") != "Basic arc-key":
            return 401, {}, {"www-authenticate": f"Basic realm={key}"}
        echo = {name: request["query"][name] for name in ("client_id", "msi_res_id") if name in request["query"]}
        return self.token(request, "arc", expires_in=str(LIFETIME), **echo)

    def vault(self, request):
        authority = f"{self.https}/tenant-1"
        challenge = f'Bearer authorization="{authority}", resource="https://localhost"'
        if request["headers"].get("authorization") != "Bearer entra-tenant-1:https://localhost/.default":
            return 401, {"error": {"code": "Unauthorized", "message": "no"}}, {"www-authenticate": challenge}
        if request["query"] != {"api-version": "7.4"}:
            return 400, {"error": {"code": "BadParameter", "message": "api-version"}}
        name = request["path"].removeprefix("/secrets/")
        if name not in self.secrets:
            return 404, {"error": {"code": "SecretNotFound", "message": f"{name} was not found in this key vault."}}
        value = self.secrets[name]
        version = hashlib.sha256(value.encode()).hexdigest()[:32]
        return 200, {"value": value, "id": f"{self.https}/secrets/{name}/{version}", "attributes": {"enabled": True}}

    def entra(self, request):
        tenant = request["path"].split("/")[1]
        if request["path"].endswith("/v2.0/.well-known/openid-configuration"):
            base = f"{self.https}/{tenant}"
            return 200, {
                "issuer": f"{base}/v2.0",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            }
        if request["form"].get("client_secret") == "wrong-secret":
            return 401, {
                "error": "invalid_client",
                "error_description": "AADSTS7000215: Invalid client secret provided. Trace ID: t-1",
                "error_codes": [7000215],
                "correlation_id": "c-1",
            }
        return self.token(request, f"entra-{tenant}", expires_in=LIFETIME, refresh_in=LIFETIME // 2)


def read_assertion(text, certificate):
    """What an assertion claims, after its signature was checked; its times as lengths."""
    import jwt

    header = jwt.get_unverified_header(text)
    claims = jwt.decode(
        text, certificate.public_key(), algorithms=["PS256", "RS256"], options={"verify_aud": False}
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    thumbprints = {"x5t": hashlib.sha1(der).digest(), "x5t#S256": hashlib.sha256(der).digest()}
    [name] = set(header) & set(thumbprints)
    assert header[name].rstrip("=") == base64.urlsafe_b64encode(thumbprints[name]).decode().rstrip("=")
    assert abs(claims["iat"] - time.time()) < 60 and claims.get("nbf", claims["iat"]) == claims["iat"]
    return {
        "aud": claims["aud"],
        "iss": claims["iss"],
        "sub": claims["sub"],
        "lifetime": round(claims["exp"] - claims["iat"]),
        "x5c": header.get("x5c"),
        "id": len(claims["jti"]),
    }
