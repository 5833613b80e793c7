"""A Redis that has lost part of a log: what viewers have stays right, and ends whole or as failed."""

import asyncio
import hashlib
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chat_client import ChatClient
from cluster import Cluster
from reply import Reply
from test_lost_nodes import FOR_EVER, assert_ends_as_lost


class Replica:
    """A copy of a cluster's Redis that falls behind and then takes its place, as in a failover."""

    def __init__(self, cluster: Cluster, port: int) -> None:
        self.cluster, self.port = cluster, port

    def redis(self, *command: str) -> str:
        cli = ["redis-cli", "-p", str(self.port), *command]
        return subprocess.run(cli, capture_output=True, text=True, timeout=10).stdout

    def fall_behind(self) -> None:
        assert self.redis("REPLICAOF", "NO", "ONE") == "OK\n"

    def take_over(self) -> None:
        self.cluster.kill("redis")
        port = self.cluster.port("redis")
        # Sockets of the one that was killed may hold the port for a moment.
        deadline = time.monotonic() + 10
        while self.redis("CONFIG", "SET", "port", str(port)) != "OK\n":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.port = port


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def replica(cluster: Cluster) -> Iterator[Replica]:
    port = free_port()
    master = ["--replicaof", "127.0.0.1", str(cluster.port("redis")), "--repl-diskless-sync-delay", "0", "--aclfile", "users.acl"]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *master]
    process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL, cwd=cluster.state)
    try:
        copy = Replica(cluster, port)
        deadline = time.monotonic() + 10
        while "master_link_status:up" not in copy.redis("INFO", "replication"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield copy
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("topology", ["cluster", "split_cluster"])
async def test_tail_that_a_failover_lost_is_written_again(topology: str, request: pytest.FixtureRequest) -> None:
    cluster: Cluster = request.getfixturevalue(topology)
    one, two = cluster.edges[:2]
    with replica(cluster) as copy:
        async with ChatClient(cluster.url(one)) as asking, ChatClient(cluster.url(two)) as viewing:
            replies = [await asking.ask("chunks=200,interval=30ms,size=20") for _ in range(10)]
            views = [Reply(reply.message_id) for reply in replies]
            for view in views:
                viewing.replies[view.message_id] = view
                await viewing.invoke("Resume", view.message_id, 0)
            for view in views:
                await view.until(lambda view: view.cursor >= 10)
            await asyncio.to_thread(copy.fall_behind)
            known = max(view.cursor for view in views)
            for view in views:
                await view.until(lambda view: view.cursor >= known + 20)
            await asyncio.to_thread(copy.take_over)
            for reply in [*replies, *views]:
                await reply.end()
                reply.assert_whole(chunks=200)
            # So is what Redis has now.
            for reply in replies:
                late = Reply(reply.message_id)
                viewing.replies[reply.message_id] = late
                await viewing.invoke("Resume", reply.message_id, 0)
                await late.end()
                late.assert_whole(chunks=200)


async def test_tail_that_is_lost_with_its_worker_ends_the_reply(split_cluster: Cluster) -> None:
    with replica(split_cluster) as copy:
        async with ChatClient(split_cluster.url("edge1")) as client:
            replies = [await client.ask(FOR_EVER) for _ in range(10)]
            for reply in replies:
                await reply.until(lambda reply: reply.cursor >= 10)
            await asyncio.to_thread(copy.fall_behind)
            for reply in replies:
                await reply.until(lambda reply: reply.cursor >= 40)
            split_cluster.kill("worker1")
            await asyncio.to_thread(copy.take_over)
            for reply in replies:
                await reply.until(lambda reply: reply.has_ended, timeout=30)
                # The end describes what Redis still has; the client has more, and keeps it.
                assert_ends_as_lost(reply)
                assert reply.problem["chunks"] < len(reply.chunk_numbers())


async def test_hole_in_a_log_whose_worker_lives_is_filled(split_cluster: Cluster) -> None:
    async with ChatClient(split_cluster.url("edge1")) as asking, ChatClient(split_cluster.url("edge2")) as viewing:
        reply = await asking.ask("chunks=100,interval=30ms,size=20")
        await reply.until(lambda reply: reply.cursor >= 40)
        delete_entries(split_cluster, reply)
        view = Reply(reply.message_id)
        viewing.replies[reply.message_id] = view
        await viewing.invoke("Resume", reply.message_id, 0)
        for each in [reply, view]:
            await each.end()
            each.assert_whole(chunks=100)


async def test_hole_in_a_log_whose_worker_is_dead_is_no_reply(split_cluster: Cluster) -> None:
    async with ChatClient(split_cluster.url("edge1")) as asking, ChatClient(split_cluster.url("edge2")) as viewing:
        reply = await asking.ask("chunks=40,interval=5ms,size=20")
        await reply.end()
        split_cluster.kill("worker1")
        delete_entries(split_cluster, reply)
        view = Reply(reply.message_id)
        viewing.replies[reply.message_id] = view
        await viewing.invoke("Resume", reply.message_id, 0)
        await view.until(lambda view: view.has_ended, timeout=40)
        assert view.problem is not None and view.problem["code"] == "log_lost"
        # What there was in front of the hole, and nothing of what is behind it.
        numbers = view.chunk_numbers()
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) < 40
        assert hashlib.sha256(view.text.encode()).hexdigest() == view.problem["sha256"]


def delete_entries(cluster: Cluster, reply: Reply) -> None:
    """Some in the middle of the log."""
    log = f"hubbub:hubbub:{{s:{reply.message_id}}}:log"
    entries = cluster.redis("XRANGE", log, "1-5", "1-15").splitlines()
    ids = [entry for entry in entries if re.fullmatch(r"1-\d+", entry)]
    assert ids and int(cluster.redis("XDEL", log, *ids)) == len(ids)
