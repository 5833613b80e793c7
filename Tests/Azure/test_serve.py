"""The server with an identity in Azure: its secrets in a vault, tokens as passwords for a real Redis."""

import base64
import hmac
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

HUBBUB = Path(__file__).parents[2] / ".build/debug/hubbub"
SECRETS = ["first-pass-word", "second-pass-word", "cluster-secret-0123456789"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, within=20):
    end = time.monotonic() + within
    while not (result := condition()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
    return result


class Redis:
    def __init__(self, port):
        self.port = port

    def command(self, *arguments):
        command = ["redis-cli", "-p", str(self.port), "--no-auth-warning", "-a", "admin", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout

    def connections(self, user):
        """The ids of a user's connections by what they are for."""
        lines = [dict(part.split("=", 1) for part in line.split()) for line in self.command("CLIENT", "LIST").splitlines()]
        return {line["name"].rsplit("-", 1)[-1]: line["id"] for line in lines if line["user"] == user and line["name"]}


@pytest.fixture
def redis():
    port = free_port()
    options = {"bind": "127.0.0.1", "port": str(port), "save": "", "requirepass": "admin"}
    server = subprocess.Popen(
        ["redis-server", *(part for name, value in options.items() for part in (f"--{name}", value))],
        stdout=subprocess.DEVNULL,
    )
    redis = Redis(port)
    try:
        eventually(lambda: "PONG" in redis.command("PING"))
        yield redis
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def environment(fake):
    fake.reset()
    # Nothing of Azure's is passed on from whoever runs the tests.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUBBUB_", "AZURE_", "OPENAI_"))}
    return kept | {
        "AZURE_AUTHORITY_HOST": fake.https,
        "AZURE_TENANT_ID": "tenant-1",
        "AZURE_CLIENT_ID": "app-1",
        "AZURE_CLIENT_SECRET": "s",
        "HUBBUB_AZURE_CA_FILE": str(fake.ca_file),
        "HUBBUB_KEY_VAULT_DNS_SUFFIX": "localhost",
        "HUBBUB_KEY_VAULT_RELOAD_INTERVAL": "200ms",
        "HUBBUB_PORT": "0",
    }


@contextmanager
def serving(environment, log, *arguments):
    with log.open("w") as file:
        process = subprocess.Popen(
            [HUBBUB, "serve", *arguments], env=environment, text=True, stdout=subprocess.PIPE, stderr=file
        )
    try:
        line = process.stdout.readline()
        assert line.startswith("Now listening on: "), log.read_text()
        yield line.removeprefix("Now listening on: ").strip()
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
            process.wait()


def is_ready(url):
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:
            return answer.status == 200
    except urllib.error.HTTPError:
        return False


def vault(fake, name):
    return f"keyvault://localhost:{fake.secure.server_port}/{name}"


def test_a_password_of_a_vault_is_replaced_while_the_server_runs(fake, redis, environment, tmp_path):
    first, second, cluster = SECRETS
    fake.secrets = {"redis-password": first, "cluster": cluster}
    redis.command("ACL", "SETUSER", "app", "on", f">{first}", "~*", "&*", "+@all")
    arguments = ["--backplane", f"redis://127.0.0.1:{redis.port}", "--redis-user", "app"]
    arguments += ["--redis-password", vault(fake, "redis-password"), "--cluster-secret", vault(fake, "cluster")]
    log = tmp_path / "log"
    with serving(environment, log, *arguments) as url:
        eventually(lambda: is_ready(url))
        before = redis.connections("app")
        assert {"commands", "reads", "leases", "subscriber"} <= set(before)
        redis.command("ACL", "SETUSER", "app", f">{second}")
        fake.secrets = {"redis-password": second, "cluster": cluster}
        after = eventually(
            lambda: (now := redis.connections("app")) and now.get("subscriber") not in (None, before["subscriber"]) and now
        )
        assert after["commands"] == before["commands"]
        # The vault is away, and the first password counts no more.
        fake.script("redis-password", (503, {}))
        redis.command("ACL", "SETUSER", "app", f"<{first}")
        redis.command("CLIENT", "KILL", "USER", "app")
        eventually(lambda: is_ready(url) and redis.connections("app").get("subscriber") not in (None, after["subscriber"]))
    text = log.read_text()
    assert not [secret for secret in SECRETS if secret in text]


def test_tokens_are_passwords_of_redis(fake, redis, environment, tmp_path):
    claims = base64.urlsafe_b64encode(json.dumps({"oid": "6ce3b8f4-1c2d"}).encode()).decode().rstrip("=")
    token = f"eyJh.{claims}.x"
    fake.script("/oauth2/v2.0/token", (200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600}))
    redis.command("ACL", "SETUSER", "6ce3b8f4-1c2d", "on", f">{token}", "~*", "&*", "+@all")
    log = tmp_path / "log"
    with serving(environment, log, "--backplane", f"redis://127.0.0.1:{redis.port}", "--redis-auth", "entra") as url:
        eventually(lambda: is_ready(url))
        assert "subscriber" in redis.connections("6ce3b8f4-1c2d")
    assert fake.requests[0]["form"]["scope"] == "https://redis.azure.com/.default"
    assert claims not in log.read_text()


def sent(url, data=None, method=None):
    with urllib.request.urlopen(urllib.request.Request(url, data=data, method=method), timeout=20) as answer:
        return answer.read().decode()


def asked(url, prompt):
    """All that a client is sent, over long polling."""
    token = json.loads(sent(f"{url}/chat/negotiate?negotiateVersion=1", b""))["connectionToken"]
    connection = f"{url}/chat?id={token}"
    sent(connection)
    sent(connection, b'{"protocol":"json","version":1}\x1e')
    invocation = {"type": 1, "invocationId": "1", "target": "AskAi", "arguments": [prompt]}
    sent(connection, json.dumps(invocation).encode() + b"\x1e")
    messages = ""
    while '"type":3' not in messages:
        messages += sent(connection)
    sent(connection, method="DELETE")
    return messages


def test_a_key_of_a_vault_for_content_safety_is_replaced_while_the_server_runs(fake, environment, tmp_path):
    first, second, _ = SECRETS
    fake.secrets = {"safety-key": first}
    categories = [{"category": name, "severity": 0} for name in ("Hate", "SelfHarm", "Sexual", "Violence")]

    def analyze(request):
        if request["headers"].get("ocp-apim-subscription-key") != fake.secrets["safety-key"]:
            return 401, {"error": {"code": "401", "message": "no"}}
        return 200, {"blocklistsMatch": [], "categoriesAnalysis": categories}

    fake.script("/contentsafety/text:analyze", analyze)
    environment |= {"AZURE_CONTENT_SAFETY_ENDPOINT": fake.http, "AZURE_CONTENT_SAFETY_KEY": vault(fake, "safety-key")}
    log = tmp_path / "log"
    with serving(environment, log, "--model", "echo") as url:
        assert "You said: Hello" in asked(url, "Hello")
        fake.secrets = {"safety-key": second}
        eventually(lambda: "You said: Hello" in asked(url, "Hello"))
    assert not [secret for secret in SECRETS if secret in log.read_text()]


def test_a_key_of_a_vault_for_the_model_is_read_at_once_when_it_is_refused(fake, environment, tmp_path):
    first, second, _ = SECRETS
    fake.secrets = {"model-key": first}
    pieces = [{"choices": [{"index": 0, "delta": {"content": "Hello there"}, "finish_reason": end}]} for end in (None, "stop")]
    events = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + "data: [DONE]\n\n"

    def complete(request):
        if request["headers"].get("authorization") != f"Bearer {fake.secrets['model-key']}":
            return 401, {"error": {"code": "invalid_api_key", "message": "Incorrect API key provided."}}
        return 200, events, {"content-type": "text/event-stream"}

    fake.script("/chat/completions", complete)
    environment |= {"OPENAI_BASE_URL": f"{fake.http}/v1", "OPENAI_API_KEY": vault(fake, "model-key"), "OPENAI_MODEL": "m"}
    environment["HUBBUB_KEY_VAULT_RELOAD_INTERVAL"] = "1s"
    log = tmp_path / "log"
    with serving(environment, log) as url:
        for key in (first, second, first):
            fake.secrets = {"model-key": key}
            time.sleep(1.1)  # A refusal has the vault read once within the interval.
            assert "Hello there" in asked(url, "Hello")
    assert not [secret for secret in SECRETS if secret in log.read_text()]


def bearer(secret):
    """A token of a user for some minutes, signed as RFC 7519 and 7515 want it."""
    def encoded(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    claims = {"sub": "alice", "exp": int(time.time()) + 300}
    signed = b".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return (signed + b"." + encoded(hmac.digest(secret.encode(), signed, "sha256"))).decode()


def status(url, key, data=None):
    request = urllib.request.Request(url, data=data, headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_what_others_show_and_sign_with_is_replaced_at_a_node_that_has_not_heard_of_it(fake, redis, environment, tmp_path):
    first, second = ({name: f"{time}-{name}-0123456789abcdef0123456789" for name in ("cluster", "key", "jwt")} for time in ("first", "second"))
    fake.secrets = first
    arguments = ["--backplane", f"127.0.0.1:{redis.port},password=admin,abortConnect=False", "--require-authentication"]
    for option, name in (("cluster-secret", "cluster"), ("management-key", "key"), ("jwt-secret", "jwt")):
        arguments += [f"--{option}", vault(fake, name)]
    slow = environment | {"HUBBUB_KEY_VAULT_RELOAD_INTERVAL": "1h"}
    logs = tmp_path / "early", tmp_path / "late"
    with serving(environment, logs[0], *arguments) as early, serving(slow, logs[1], *arguments) as late:
        eventually(lambda: is_ready(early) and is_ready(late))

        def connected():
            """The first poll at one node of a client that has negotiated at the other."""
            negotiated, body = status(f"{early}/chat/negotiate?negotiateVersion=1", bearer(fake.secrets["jwt"]), b"")
            if negotiated == 401:  # The early node has not looked yet.
                return None
            token = json.loads(body)["connectionToken"]
            return status(f"{late}/chat?id={token}", bearer(fake.secrets["jwt"]))[0]

        assert connected() == 200
        time.sleep(1.1)  # The vault is not read more than once a second for those who show what is unknown.
        fake.secrets = second
        assert status(f"{late}/api/hubs/chat/users/alice", second["key"])[0] == 404
        assert status(f"{late}/api/hubs/chat/users/alice", first["key"])[0] == 404, "the one before counts as well"
        assert status(f"{late}/chat/negotiate?negotiateVersion=1", bearer(second["jwt"]), b"")[0] == 200
        assert eventually(connected) == 200
        eventually(lambda: (connected() or 200) == 200 and logs[1].read_text().count("A secret has changed") == 3)
        eventually(lambda: status(f"{early}/api/hubs/chat/users/alice", first["key"])[0] == 401)
    texts = [log.read_text() for log in logs]
    assert not [secret for secret in (*first.values(), *second.values()) if any(secret in text for text in texts)]


def refused(environment, *arguments):
    """The line with which it ends."""
    ended = subprocess.run(
        [HUBBUB, "serve", *arguments], env=environment, text=True, capture_output=True, timeout=30, check=False
    )
    assert ended.returncode != 0 and ended.stdout == ""
    # What is logged comes before it.
    return ended.stderr.splitlines()[-1]


def test_a_secret_that_is_not_there_is_told_in_one_line(fake, environment):
    line = refused(environment, "--openai-api-key", vault(fake, "openai-key"))
    for word in ("openai-api-key", "localhost", "secret openai-key", "SecretNotFound"):
        assert word in line


def test_without_a_token_it_is_told_in_one_line(fake, environment):
    environment["AZURE_CLIENT_SECRET"] = "wrong-secret"
    line = refused(environment, "--management-key", vault(fake, "key"))
    assert "management-key" in line and "AADSTS7000215" in line and "wrong-secret" not in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["--cluster-secret", "keyvault://localhost"],
        ["--cluster-secret", "keyvault://vault.example/key"],
        ["--redis-auth", "entra", "--redis-password", "x"],
        ["--redis-user", "x"],
        ["--redis-auth", "token"],
        ["--backplane", "redis://redis.example", "--redis-auth", "entra"],
        ["--azure-ca-file", "/nowhere"],
    ],
)
def test_what_cannot_be_is_refused(environment, arguments):
    assert arguments[-2].removeprefix("--") in refused(environment, *arguments)
