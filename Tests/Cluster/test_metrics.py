"""/metrics: that what happens is counted where it happens, once."""

import asyncio
import json
import re
import socket
import subprocess

import aiohttp
import jwt

from chat_client import ChatClient
from cluster import ROOT, Cluster
from hub_socket import HubSocket
from http_client import long_polling
from metrics import Metrics, metrics, until
from reply import Reply
from serve import serving
from test_models import KEY as MODEL_KEY
from test_models import FakeModel

TEXT = "chunks=40,interval=5ms,size=20"
FOR_EVER = "chunks=1000000,interval=20ms,size=20"
SECRET = "a secret of more than 32 bytes, as it must be"


async def test_prometheus_finds_nothing_wrong_and_all_is_explained() -> None:
    with serving("--port", "0") as server:
        now = await metrics(server.url)
    checked = subprocess.run(["promtool", "check", "metrics"], input=now.text, text=True, capture_output=True)
    assert checked.returncode == 0 and not checked.stdout + checked.stderr
    explained = set(re.findall(r"^\| `([a-z_]+)`", (ROOT / "docs/METRICS.md").read_text(), re.MULTILINE))
    # Those of Redis and of a model are there with Redis and a model.
    assert now.families <= explained
    assert {name for name in explained - now.families if not re.search("redis|backplane|gen_ai", name)} == set()


async def test_chunks_are_counted_where_they_are_produced_and_where_they_are_read(split_cluster: Cluster) -> None:
    edge, worker = (split_cluster.url(name) for name in ("edge1", "worker1"))
    before, produced = await metrics(edge), (await metrics(worker)).sum("hubbub_chunks_produced_total")
    async with ChatClient(edge) as client:
        replies = [await client.ask(TEXT) for _ in range(5)]
        for reply in replies:
            await reply.end()
            reply.assert_whole()
        now = await metrics(edge)
        assert now.sum("hubbub_connections", transport="WebSockets", protocol="json") == 1

    def grown(name: str, **labels: str) -> float:
        return now.sum(name, **labels) - before.sum(name, **labels)

    assert grown("hubbub_chunks_produced_total") == 0
    assert (await metrics(worker)).sum("hubbub_chunks_produced_total") - produced == 200
    assert grown("hubbub_chunks_delivered_total") == 200
    assert grown("hubbub_chunks_merged_total") == 200 - sum(reply.events.count("partial") for reply in replies)
    # One chunk of eight is timed; who has read none yet reads what was there.
    assert 20 <= grown("hubbub_hub_added_latency_seconds_count") <= 25
    assert grown("hubbub_hub_added_latency_seconds_sum") < 25 * 0.25
    assert grown("hubbub_time_to_first_chunk_seconds_count") == 5
    assert grown("hubbub_connections_opened_total", transport="WebSockets", protocol="json") == 1
    await until(edge, lambda now: now.sum("hubbub_invocations_total", method="AskAi", outcome="completed")
                - before.sum("hubbub_invocations_total", method="AskAi", outcome="completed") == 5)
    closed = await until(edge, lambda now: now.sum("hubbub_connections") == 0)
    assert closed.sum("hubbub_connections_closed_total") - before.sum("hubbub_connections_closed_total") == 1
    later = await until(edge, lambda later: later.sum("hubbub_backplane_lag_seconds_count")
                        >= now.sum("hubbub_backplane_lag_seconds_count") + 2)
    assert later.sum("hubbub_backplane_lag_seconds_sum") < later.sum("hubbub_backplane_lag_seconds_count")
    assert later.sum("hubbub_redis_command_duration_seconds_count", connection="commands") > 0
    assert later.sum("hubbub_event_loop_lag_seconds_count") > now.sum("hubbub_event_loop_lag_seconds_count")


async def test_resumes_and_stops_are_counted_by_what_came_of_them(split_cluster: Cluster) -> None:
    one, two = (split_cluster.url(name) for name in ("edge1", "edge2"))
    before, asked = await metrics(two), await metrics(one)
    async with ChatClient(one) as asking, ChatClient(two) as other:
        reply = await asking.ask(FOR_EVER)
        await reply.until(lambda reply: reply.cursor >= 20)
        view = other.replies[reply.message_id] = Reply(reply.message_id)
        assert (await other.invoke("Resume", reply.message_id, 0))["status"] == "resumed"
        assert (await other.invoke("Resume", "0" * 32, 0))["status"] == "gone"
        assert (await other.invoke("Stop", reply.message_id))["status"] == "stopped"
        await view.end()
        assert (await other.invoke("Stop", reply.message_id))["status"] == "alreadyEnded"
        assert (await other.invoke("Resume", reply.message_id, 0))["status"] == "ended"
        await reply.asked
    now = await metrics(two)
    for name, outcomes in (("resumes", ["resumed", "gone", "ended"]), ("stops", ["stopped", "alreadyEnded"])):
        for outcome in outcomes:
            counts = [at.sum(f"hubbub_{name}_total", outcome=outcome) for at in (before, now)]
            assert counts[1] - counts[0] == 1, (name, outcome)
    assert now.sum("hubbub_stop_duration_seconds_count") - before.sum("hubbub_stop_duration_seconds_count") == 1
    await until(one, lambda at: at.sum("hubbub_replies_total", finish="stopped")
                == asked.sum("hubbub_replies_total", finish="stopped") + 1)


async def test_requests_for_connections_of_another_node_are_counted_where_they_arrive(cluster: Cluster) -> None:
    before = {name: await metrics(cluster.url(name)) for name in cluster.nodes}
    async with long_polling(cluster.url()) as client:
        assert "gone" in str(await client.invoke("Resume", "0" * 32, 0))
        now = {name: await metrics(cluster.url(name)) for name in cluster.nodes}
        [home] = [name for name in cluster.nodes
                  if now[name].sum("hubbub_connections", transport="LongPolling", protocol="json") == 1]

    def relayed(at: dict[str, Metrics], name: str) -> float:
        return at[name].sum("hubbub_relay_requests_total", outcome="answered")

    assert sum(relayed(now, name) - relayed(before, name) for name in cluster.nodes if name != home) >= 2
    assert relayed(now, home) == relayed(before, home)


async def test_replies_of_a_lost_node_and_new_connections_to_redis_are_counted(split_cluster: Cluster) -> None:
    edge = split_cluster.url("edge1")
    before = await metrics(edge)
    async with ChatClient(edge) as client:
        reply = await client.ask(FOR_EVER)
        await reply.until(lambda reply: reply.cursor >= 10)
        split_cluster.kill("worker1")
        await reply.until(lambda reply: reply.has_ended)
        assert reply.problem["code"] == "producer_lost"
    now = await metrics(edge)
    assert now.sum("hubbub_producer_lost_total") - before.sum("hubbub_producer_lost_total") == 1
    split_cluster.kill("redis")
    split_cluster.start("redis")
    await until(edge, lambda now: all(
        now.sum("hubbub_backplane_reconnects_total", connection=name)
        > before.sum("hubbub_backplane_reconnects_total", connection=name)
        for name in ("commands", "reads", "leases", "subscriber")), within=30)


async def test_a_client_that_does_not_read_is_seen_and_then_counted() -> None:
    key = "a key that nobody guesses"
    with serving("--port", "0", "--management-key", key) as server:
        port = int(server.url.rsplit(":", 1)[1])
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.connect(("127.0.0.1", port))
            lazy.sendall(b"GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            handshake = b'{"protocol":"json","version":1}\x1e'
            lazy.sendall(bytes([0x81, 0x80 | len(handshake), 0, 0, 0, 0]) + handshake)
            await until(server.url, lambda now: now.sum("hubbub_connections") == 1)
            seen = 0.0
            async with aiohttp.ClientSession(headers={"api-key": key}) as http:
                for _ in range(200):
                    call = {"target": "news", "arguments": ["x" * 50_000]}
                    async with http.post(f"{server.url}/api/hubs/chat/:send", json=call) as response:
                        assert response.status == 202
                    now = await metrics(server.url)
                    seen = max(seen, now.sum("hubbub_outbox_bytes"))
                    if now.sum("hubbub_slow_clients_total") == 1:
                        break
            assert 100_000 < seen <= 1_048_576
        now = await until(server.url, lambda now: now.sum("hubbub_connections") == 0)
        assert now.sum("hubbub_outbox_bytes") == 0
        assert now.sum("hubbub_connections_closed_total", reason="slow_client") == 1


async def test_a_models_work_has_opentelemetrys_names_and_nobody_is_named() -> None:
    delta = json.dumps({"model": "m-1", "choices": [{"index": 0, "delta": {"content": "private words"}}]})
    end = json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
                      "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}})
    model = FakeModel(delta, end, "[DONE]")
    async with model.running() as url:
        options = ("--port", "0", "--model-retry-budget", "1ms", "--jwt-secret", SECRET)
        environment = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": MODEL_KEY, "OPENAI_MODEL": "m"}
        with serving(*options, **environment) as server:
            token = jwt.encode({"sub": "a-user-of-ours", "exp": 4_000_000_000}, SECRET, algorithm="HS256")
            headers = {"Authorization": f"Bearer {token}"}
            async with aiohttp.ClientSession() as http, http.ws_connect(f"{server.url}/chat", headers=headers) as ws:
                client = HubSocket(ws)
                await client.handshake()
                for status, event in ((200, "completed"), (500, "failed")):
                    model.status = status
                    await client.send({"type": 1, "target": "AskAi", "arguments": ["private question"]})
                    while (await client.receive()).get("target") != event:
                        pass
                    await asyncio.sleep(0)
            now = await until(
                server.url, lambda now: now.sum("gen_ai_client_operation_duration_seconds_count") == 2)
    failed = [labels for labels, value in now.samples["gen_ai_client_operation_duration_seconds_count"]
              if "error_type" in labels and value == 1]
    assert len(failed) == 1 and failed[0]["gen_ai_request_model"] == "m"
    assert now.sum("gen_ai_client_token_usage_sum", gen_ai_token_type="input") == 7
    assert now.sum("gen_ai_client_token_usage_sum", gen_ai_token_type="output") == 2
    assert now.sum("gen_ai_client_operation_time_to_first_chunk_seconds_count") == 1
    for private in ("a-user-of-ours", "private", MODEL_KEY, token):
        assert private not in now.text
    labels = {name for samples in now.samples.values() for of, _ in samples for name in of}
    assert labels <= {
        "transport", "protocol", "reason", "hub", "method", "outcome", "kind", "connection", "finish", "le",
        "gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model",
        "gen_ai_token_type", "error_type", "server_address", "server_port",
    }
