"""What deploy/redis lets nodes do: all that they do (conftest.py looks at ACL LOG after each cluster), and nothing else."""

import re
import subprocess
from collections.abc import Iterator

import aiohttp
import pytest

from backend import Backend
from chat_client import ChatClient
from cluster import ROOT, Cluster
from conftest import started

KEY = "a key that nobody guesses"


@pytest.fixture(scope="module")
def nodes() -> Iterator[Cluster]:
    """Two, which Redis knows by the user of the ACL file alone."""
    yield from started("redis-users", "--nodes", "2", options=("--management-key", KEY))


async def test_nodes_ask_resume_stop_and_manage_with_what_they_may(nodes: Cluster) -> None:
    async with ChatClient(nodes.url("node1")) as client:
        whole = await client.ask("chunks=50,interval=5ms,size=20")
        await whole.until(lambda reply: reply.cursor >= 5)
        async with ChatClient(nodes.url("node2"), whole) as other:
            await other.invoke("Resume", whole.message_id, whole.cursor)
            await whole.end()
        whole.assert_whole(chunks=50)
        stopped = await client.ask("chunks=1000,interval=10ms,size=20")
        await stopped.until(lambda reply: reply.cursor >= 2)
        await client.invoke("Stop", stopped.message_id)
        assert (await stopped.end())["finish"] == "stopped"
    async with aiohttp.ClientSession(nodes.url("node2"), headers={"Authorization": f"Bearer {KEY}"}) as http:
        backend = Backend(http)
        assert await backend.open()
        await backend.append("fed")
        assert await backend.end()
    assert "NOPERM" not in nodes.log("node1") + nodes.log("node2")
    assert not nodes.redis("ACL", "LOG").strip()


@pytest.mark.parametrize(
    "command",
    ["KEYS *", "FLUSHALL", "CONFIG SET maxmemory-policy allkeys-lru", "ACL LIST", "CLIENT KILL ID 1", "MONITOR",
     "SHUTDOWN", "SELECT 1", "PSUBSCRIBE hubbub:*", "GET other:a:b", "PUBLISH other:a:b c", "SUBSCRIBE other:a:b",
     "EVAL return(redis.call('FLUSHALL')) 0", "EVAL return(redis.call('GET','other:a:b')) 0", "XGROUP DESTROY hubbub:hubbub:{asks} workers"],
)  # fmt: skip
def test_redis_refuses_nodes_everything_else(nodes: Cluster, command: str) -> None:
    password = (nodes.state / "redis.password").read_text()
    cli = ["redis-cli", "-p", str(nodes.port("redis")), "--user", "hubbub", "--pass", password, "--no-auth-warning"]
    said = subprocess.run([*cli, *command.split()], capture_output=True, text=True, timeout=10).stdout
    assert re.match("NOPERM|ERR The user executing the script can.t (run|access)", said), said
    nodes.redis("ACL", "LOG", "RESET")


def test_default_user_is_off_and_names_are_those_of_the_application() -> None:
    default, hubbub = (ROOT / "deploy/redis/users.acl.template").read_text().splitlines()
    assert default == "user default off"
    assert "~hubbub:${APP}:* &hubbub:${APP}:* -@all " in hubbub
    assert "nopass" not in hubbub and not re.search(r"\+@|\+config( |$)|\+client( |$)", hubbub)
