"""`hubbub serve` is configured by flags, environment and a file, and refuses what it does not know."""

import os
import re
from pathlib import Path

import pytest

from chat_client import answer
from serve import assert_refused, run, serving

OPTIONS = {
    "--host": "HUBBUB_HOST",
    "--port": "HUBBUB_PORT",
    "--tls-certificate-file": "HUBBUB_TLS_CERTIFICATE_FILE",
    "--tls-key-file": "HUBBUB_TLS_KEY_FILE",
    "--tls-reload-interval": "HUBBUB_TLS_RELOAD_INTERVAL",
    "--backplane": "HUBBUB_BACKPLANE",
    "--redis-ca-file": "HUBBUB_REDIS_CA_FILE",
    "--redis-certificate-file": "HUBBUB_REDIS_CERTIFICATE_FILE",
    "--redis-key-file": "HUBBUB_REDIS_KEY_FILE",
    "--redis-password": "HUBBUB_REDIS_PASSWORD",
    "--redis-user": "HUBBUB_REDIS_USER",
    "--redis-auth": "HUBBUB_REDIS_AUTH",
    "--key-vault-dns-suffix": "HUBBUB_KEY_VAULT_DNS_SUFFIX",
    "--key-vault-reload-interval": "HUBBUB_KEY_VAULT_RELOAD_INTERVAL",
    "--azure-ca-file": "HUBBUB_AZURE_CA_FILE",
    "--app": "HUBBUB_APP",
    "--roles": "HUBBUB_ROLES",
    "--replies": "HUBBUB_REPLIES",
    "--model": "HUBBUB_MODEL",
    "--synthetic": "HUBBUB_SYNTHETIC",
    "--allowed-origins": "HUBBUB_ALLOWED_ORIGINS",
    "--system-prompt": "HUBBUB_SYSTEM_PROMPT",
    "--replies-per-connection": "HUBBUB_REPLIES_PER_CONNECTION",
    "--replies-per-user": "HUBBUB_REPLIES_PER_USER",
    "--replies-per-node": "HUBBUB_REPLIES_PER_NODE",
    "--prompts-per-minute": "HUBBUB_PROMPTS_PER_MINUTE",
    "--tokens-per-day": "HUBBUB_TOKENS_PER_DAY",
    "--conversation-turns": "HUBBUB_CONVERSATION_TURNS",
    "--conversation-bytes": "HUBBUB_CONVERSATION_BYTES",
    "--conversation-retention": "HUBBUB_CONVERSATION_RETENTION",
    "--group-messages": "HUBBUB_GROUP_MESSAGES",
    "--group-retention": "HUBBUB_GROUP_RETENTION",
    "--log-replies": "HUBBUB_LOG_REPLIES",
    "--maximum-prompt-bytes": "HUBBUB_MAXIMUM_PROMPT_BYTES",
    "--maximum-reply-bytes": "HUBBUB_MAXIMUM_REPLY_BYTES",
    "--model-connect-timeout": "HUBBUB_MODEL_CONNECT_TIMEOUT",
    "--model-first-byte-timeout": "HUBBUB_MODEL_FIRST_BYTE_TIMEOUT",
    "--model-retry-budget": "HUBBUB_MODEL_RETRY_BUDGET",
    "--model-silence-timeout": "HUBBUB_MODEL_SILENCE_TIMEOUT",
    "--azure-openai-endpoint": "AZURE_OPENAI_ENDPOINT",
    "--azure-openai-deployment": "AZURE_OPENAI_DEPLOYMENT",
    "--azure-openai-api-key": "AZURE_OPENAI_API_KEY",
    "--openai-base-url": "OPENAI_BASE_URL",
    "--openai-api-key": "OPENAI_API_KEY",
    "--openai-model": "OPENAI_MODEL",
    "--ask-deadline": "HUBBUB_ASK_DEADLINE",
    "--fed-streams": "HUBBUB_FED_STREAMS",
    "--backend-timeout": "HUBBUB_BACKEND_TIMEOUT",
    "--retention": "HUBBUB_RETENTION",
    "--event-loops": "HUBBUB_EVENT_LOOPS",
    "--log-level": "HUBBUB_LOG_LEVEL",
    "--cluster-secret": "HUBBUB_CLUSTER_SECRET",
    "--require-authentication": "HUBBUB_REQUIRE_AUTHENTICATION",
    "--jwt-secret": "HUBBUB_JWT_SECRET",
    "--management-key": "HUBBUB_MANAGEMENT_KEY",
    "--jwt-public-key": "HUBBUB_JWT_PUBLIC_KEY",
    "--jwks-url": "HUBBUB_JWKS_URL",
    "--jwt-issuer": "HUBBUB_JWT_ISSUER",
    "--jwt-audience": "HUBBUB_JWT_AUDIENCE",
    "--jwt-clock-skew": "HUBBUB_JWT_CLOCK_SKEW",
    "--entra-tenant-id": "HUBBUB_ENTRA_TENANT_ID",
    "--entra-client-id": "HUBBUB_ENTRA_CLIENT_ID",
    "--close-on-authentication-expiration": "HUBBUB_CLOSE_ON_AUTHENTICATION_EXPIRATION",
    "--authentication-refresh": "HUBBUB_AUTHENTICATION_REFRESH",
    "--connect-timeout": "HUBBUB_CONNECT_TIMEOUT",
    "--handshake-timeout": "HUBBUB_HANDSHAKE_TIMEOUT",
    "--keep-alive-interval": "HUBBUB_KEEP_ALIVE_INTERVAL",
    "--client-timeout-interval": "HUBBUB_CLIENT_TIMEOUT_INTERVAL",
    "--transport-send-timeout": "HUBBUB_TRANSPORT_SEND_TIMEOUT",
    "--close-timeout": "HUBBUB_CLOSE_TIMEOUT",
    "--going-away-timeout": "HUBBUB_GOING_AWAY_TIMEOUT",
    "--drain-timeout": "HUBBUB_DRAIN_TIMEOUT",
    "--shutdown-timeout": "HUBBUB_SHUTDOWN_TIMEOUT",
    "--relay-timeout": "HUBBUB_RELAY_TIMEOUT",
    "--protocols": "HUBBUB_PROTOCOLS",
    "--http-idle-timeout": "HUBBUB_HTTP_IDLE_TIMEOUT",
    "--poll-timeout": "HUBBUB_POLL_TIMEOUT",
    "--disconnect-timeout": "HUBBUB_DISCONNECT_TIMEOUT",
    "--allow-stateful-reconnects": "HUBBUB_ALLOW_STATEFUL_RECONNECTS",
    "--stateful-reconnect-buffer-size": "HUBBUB_STATEFUL_RECONNECT_BUFFER_SIZE",
    "--application-max-buffer-size": "HUBBUB_APPLICATION_MAX_BUFFER_SIZE",
    "--transport-max-buffer-size": "HUBBUB_TRANSPORT_MAX_BUFFER_SIZE",
    "--maximum-post-size": "HUBBUB_MAXIMUM_POST_SIZE",
    "--large-post-buffer-size": "HUBBUB_LARGE_POST_BUFFER_SIZE",
    "--post-timeout": "HUBBUB_POST_TIMEOUT",
    "--transports": "HUBBUB_TRANSPORTS",
    "--maximum-receive-message-size": "HUBBUB_MAXIMUM_RECEIVE_MESSAGE_SIZE",
    "--maximum-outbox-size": "HUBBUB_MAXIMUM_OUTBOX_SIZE",
    "--maximum-parallel-invocations": "HUBBUB_MAXIMUM_PARALLEL_INVOCATIONS",
    "--maximum-parallel-streams": "HUBBUB_MAXIMUM_PARALLEL_STREAMS",
    "--stream-buffer-capacity": "HUBBUB_STREAM_BUFFER_CAPACITY",
    "--client-result-timeout": "HUBBUB_CLIENT_RESULT_TIMEOUT",
    "--minimum-protocol-version": "HUBBUB_MINIMUM_PROTOCOL_VERSION",
    "--detailed-errors": "HUBBUB_DETAILED_ERRORS",
    "--maximum-connections": "HUBBUB_MAXIMUM_CONNECTIONS",
    "--maximum-connections-per-address": "HUBBUB_MAXIMUM_CONNECTIONS_PER_ADDRESS",
    "--negotiate-rate": "HUBBUB_NEGOTIATE_RATE",
    "--negotiate-rate-per-address": "HUBBUB_NEGOTIATE_RATE_PER_ADDRESS",
    "--connect-rate": "HUBBUB_CONNECT_RATE",
    "--connect-rate-per-address": "HUBBUB_CONNECT_RATE_PER_ADDRESS",
    "--model-api": "HUBBUB_MODEL_API",
    "--unfiltered-text": "HUBBUB_UNFILTERED_TEXT",
    "--blocked-words": "HUBBUB_BLOCKED_WORDS",
    "--content-filter-mode": "HUBBUB_CONTENT_FILTER_MODE",
    "--content-filter-replacement": "HUBBUB_CONTENT_FILTER_REPLACEMENT",
    "--azure-openai-api-version": "OPENAI_API_VERSION",
    "--azure-content-safety-endpoint": "AZURE_CONTENT_SAFETY_ENDPOINT",
    "--azure-content-safety-key": "AZURE_CONTENT_SAFETY_KEY",
    "--azure-content-safety-thresholds": "HUBBUB_AZURE_CONTENT_SAFETY_THRESHOLDS",
    "--azure-content-safety-blocklists": "HUBBUB_AZURE_CONTENT_SAFETY_BLOCKLISTS",
    "--azure-content-safety-interval": "HUBBUB_AZURE_CONTENT_SAFETY_INTERVAL",
    "--trusted-proxies": "HUBBUB_TRUSTED_PROXIES",
    "--forwarded-header": "HUBBUB_FORWARDED_HEADER",
}


def test_help_lists_every_option() -> None:
    help_ = run("--help")
    assert help_.returncode == 0
    listed = dict(re.findall(r"^  (--\S+).*\n      ([A-Z_]+)\. \S", help_.stdout, re.MULTILINE))
    assert listed == OPTIONS | {"--config": "HUBBUB_CONFIG"}
    assert re.findall(r"^  (--\S+)", help_.stdout, re.MULTILINE) == list(listed), "an option is without its help"
    assert ".." not in help_.stdout and "\n\n  " not in help_.stdout.partition("  --config")[2]
    assert max(map(len, help_.stdout.splitlines())) <= 101


# With what makes the option count, and a content of its file that cannot be used.
SECRETS = {
    "--backplane": ([], "ftp://never-shown"),
    "--redis-password": (["--backplane", "redis://127.0.0.1:1", "--redis-user", "node"], None),
    "--cluster-secret": ([], "never-shown"),
    "--management-key": ([], "never-shown"),
    "--jwt-secret": ([], "never-shown"),
    "--jwt-public-key": ([], "never-shown"),
    "--azure-openai-api-key": (
        ["--azure-openai-endpoint", "http://127.0.0.1:1", "--azure-openai-deployment", "chat"], None),
    "--openai-api-key": (["--openai-model", "small"], None),
    "--azure-content-safety-key": (["--azure-content-safety-endpoint", "http://127.0.0.1:1"], "never-shown key"),
}


def test_help_tells_which_options_are_also_read_from_a_file() -> None:
    named = re.findall(r"([A-Z_]+)_FILE or (--\S+)-file name a file", " ".join(run("--help").stdout.split()))
    assert {flag: variable for variable, flag in named} == {flag: OPTIONS[flag] for flag in SECRETS}


@pytest.mark.parametrize("flag", SECRETS)
def test_secret_is_read_from_the_file_that_is_named(flag: str, tmp_path: Path) -> None:
    others, bad = SECRETS[flag]
    file = tmp_path / "secret"
    if bad is not None:
        file.write_text(bad + "\n")
        for ended in (run("--port", "0", f"{flag}-file", str(file), *others),
                      run("--port", "0", *others, **{OPTIONS[flag] + "_FILE": str(file)})):
            assert_refused(ended, flag.removeprefix("--"))
            assert "never-shown" not in ended.stderr and "cannot be read" not in ended.stderr
    for path in (tmp_path / "nowhere", tmp_path):
        for ended in (run("--port", "0", f"{flag}-file", str(path), *others),
                      run("--port", "0", *others, **{OPTIONS[flag] + "_FILE": str(path)})):
            assert_refused(ended, flag.removeprefix("--"))
            assert "cannot be read" in ended.stderr


BAD_VALUES = {
    "--port": ["lots", "65536", "-1"],
    "--backplane": ["ftp://127.0.0.1", "redis"],
    "--redis-auth": ["ticket"],
    "--redis-user": [""],
    "--key-vault-reload-interval": ["0s"],
    "--azure-ca-file": ["/nowhere/certificates"],
    "--roles": ["cook", ""],
    "--replies": ["0", "many", "9223372036854775807"],
    "--replies-per-connection": ["0"],
    "--replies-per-user": ["few"],
    "--replies-per-node": ["-1"],
    "--prompts-per-minute": ["1/s"],
    "--tokens-per-day": ["0"],
    "--conversation-turns": ["0", "1001"],
    "--conversation-bytes": ["none"],
    "--conversation-retention": ["0s"],
    "--log-replies": ["sometimes"],
    "--maximum-prompt-bytes": ["0", "9223372036854775807"],
    "--maximum-reply-bytes": ["0", "67108865", "all"],
    "--allowed-origins": [
        "example.com", "https://a.example/path", "https://a.example?x", "https://a.example#x", "https://ada@a.example",
        "https://a .example", "https://a.example https://b.example", "https://a.example,,https://b.example",
        "https://a.example/", "https://a.example:0", "https://a.example:99999", "https://*.example", "null"],
    "--model": ["oracle"],
    "--model-api": ["assistants"],
    "--unfiltered-text": ["maybe"],
    "--detailed-errors": ["perhaps"],
    "--blocked-words": ["/nowhere/words", "/dev/null"],
    "--content-filter-mode": ["late"],
    "--azure-content-safety-thresholds": ["hate", "hate=bad", "spam=low", "hate=low,"],
    "--azure-content-safety-blocklists": ["one,,two"],
    "--azure-content-safety-interval": ["0s"],
    "--model-connect-timeout": ["soon"],
    "--model-first-byte-timeout": ["60"],
    "--model-retry-budget": ["0s"],
    "--model-silence-timeout": ["0s"],
    "--ask-deadline": ["soon", "0s"],
    "--jwt-secret": ["short"],
    "--jwt-public-key": ["no PEM"],
    "--jwks-url": ["http://keys.example/keys"],
    "--jwt-issuer": ["https://a.example"],
    "--jwt-audience": ["chat,"],
    "--jwt-clock-skew": ["-1s"],
    "--entra-tenant-id": ["a/b"],
    "--keep-alive-interval": ["15", "9000h", "9223372036854775807ms", "31s"],
    "--maximum-receive-message-size": ["0"],
    "--minimum-protocol-version": ["2"],
    "--allow-stateful-reconnects": ["yes", ""],
    "--stateful-reconnect-buffer-size": ["0"],
    "--maximum-connections": ["-1"],
    "--transports": ["Pigeons", ","],
    "--protocols": ["xml", ","],
    "--negotiate-rate": ["0", "5:", "5:0", "1:2:3", "fast"],
    "--trusted-proxies": ["proxy.example", "10.0.0.0/33", ","],
    "--forwarded-header": ["via"],
    "--synthetic": [
        "chunks=x", "chunks=1,interval=5", "colour=red", "chunks=1000000001", "interval=3601s", "size=1048577"],
}


@pytest.mark.parametrize("flag, value", [(flag, value) for flag, values in BAD_VALUES.items() for value in values])
def test_bad_value_is_refused_by_name(flag: str, value: str) -> None:
    assert_refused(run("--port", "0", f"{flag}={value}"), flag.removeprefix("--"))
    assert_refused(run(**{"HUBBUB_PORT": "0", OPTIONS[flag]: value}), flag.removeprefix("--"))


def test_secret_is_read_from_a_pipe() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"0123456789abcdef\n")
    os.close(writer)
    try:
        with serving("--port", "0", "--management-key-file", f"/proc/{os.getpid()}/fd/{reader}", "--roles", "edge, worker",
                     "--detailed-errors=false"):
            pass
    finally:
        os.close(reader)


def test_unknown_flag_is_refused_by_name() -> None:
    assert_refused(run("--port", "0", "--colour", "red"), "colour")


def test_unknown_variable_is_refused_by_name() -> None:
    assert_refused(run("--port", "0", HUBBUB_COLOUR="red"), "HUBBUB_COLOUR")


def test_unknown_key_of_the_file_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "hubbub.yaml"
    file.write_text("port: 0\ncolour: red\n")
    assert_refused(run("--config", str(file)), "colour")


@pytest.mark.parametrize("text", ["port: [0\n", "port\n", "port: {at: 0}\n"])
def test_file_that_is_no_configuration_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "hubbub.yaml"
    file.write_text(text)
    assert_refused(run("--config", str(file)), "hubbub.yaml")


def test_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    assert_refused(run("--config", str(tmp_path / "nowhere.yaml")), "nowhere.yaml")


def test_memory_needs_both_roles() -> None:
    assert_refused(run("--port", "0", "--roles", "edge"), "roles")


async def test_flags_come_before_environment_before_file(tmp_path: Path) -> None:
    file = tmp_path / "hubbub.yaml"
    file.write_text("port: 0\nmodel: synthetic\nsynthetic: chunks=7,interval=1ms,size=20\n")
    with serving("--config", str(file)) as server:
        assert (await answer(server.url, "hello")).count("#") == 7
    with serving("--config", str(file), HUBBUB_MODEL="echo") as server:
        assert await answer(server.url, "hello") == "You said: hello"
    with serving("--config", str(file), "--model", "synthetic", HUBBUB_MODEL="echo") as server:
        assert (await answer(server.url, "hello")).count("#") == 7
