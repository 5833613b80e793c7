"""A cluster that deploy/cluster/cluster started, as a user can start one."""

import asyncio
import csv
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HUBBUB = ROOT / ".build/debug/hubbub"
CONFORMANCE_SERVER = ROOT / ".build/debug/ConformanceServer"
SCRIPT = ROOT / "deploy/cluster/cluster"
ESTABLISHED = "01"


class Cluster:
    def __init__(self, state: Path, balancer: str = "nginx") -> None:
        """`balancer` is what clients connect through unless a test says otherwise: nginx or haproxy."""
        self.state, self.balancer = state, balancer

    def up(self, *options: str, binary: Path = HUBBUB) -> None:
        haproxy = ["--haproxy-port", "0"] if self.balancer == "haproxy" else []
        self._run("up", "--binary", str(binary), "--port", "0", *haproxy, *options)

    def down(self) -> None:
        self._run("down")

    def kill(self, name: str) -> None:
        """kill -9"""
        self._run("kill", name)

    def stop(self, name: str) -> None:
        self._run("stop", name)

    def freeze(self, name: str) -> None:
        """kill -STOP: its sockets stay open and it does nothing."""
        os.kill(self.pid(name), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGCONT)

    def pid(self, name: str) -> int:
        return int((self.state / f"{name}.pid").read_text().split()[0])

    def start(self, name: str) -> None:
        """On the port it had; returns when it is ready."""
        self._run("start", name)

    def heal(self) -> None:
        """Starts what a test ended, and waits until each node is ready."""
        for name in ["redis", *self.nodes]:
            self.start(name)
        deadline = time.monotonic() + 30
        while not all(self.is_ready(name) for name in self.nodes):
            assert time.monotonic() < deadline, "a node did not become ready again"
            time.sleep(0.05)

    @property
    def nodes(self) -> list[str]:
        return sorted(path.stem for path in self.state.glob("*.arguments"))

    @property
    def edges(self) -> list[str]:
        return [name for name in self.nodes if not name.startswith("worker")]

    def port(self, name: str) -> int:
        return int((self.state / f"{name}.port").read_text())

    def url(self, name: str | None = None) -> str:
        return f"http://127.0.0.1:{self.port(name or self.balancer)}"

    def log(self, name: str) -> str:
        return (self.state / f"{name}.log").read_text()

    def is_ready(self, name: str) -> bool:
        ready = [ROOT / "deploy/ready", str(self.port(name))]
        return subprocess.run(ready, capture_output=True).returncode == 0

    async def until_ready(self, name: str) -> None:
        async with asyncio.timeout(30):
            while not await asyncio.to_thread(self.is_ready, name):
                await asyncio.sleep(0.05)

    def redis(self, *command: str) -> str:
        """The answer to a command, as redis-cli prints it where nobody watches; values that are no text have signs of their own."""
        cli = ["redis-cli", "-p", str(self.port("redis")), *command]
        return subprocess.run(cli, check=True, capture_output=True, text=True, errors="replace", timeout=10).stdout

    def connections(self) -> dict[str, int]:
        """How many sockets clients have at each edge now, through a balancer: neither keeps idle ones."""
        return self._sessions_of_haproxy() if self.balancer == "haproxy" else self._sockets()

    def _sessions_of_haproxy(self) -> dict[str, int]:
        """HAProxy's own count, which leaves its checks of the edges out."""
        with socket.socket(socket.AF_UNIX) as stats:
            stats.connect(str(self.state / "haproxy.sock"))
            stats.sendall(b"show stat\n")
            rows = csv.DictReader(stats.makefile())
            return {row["svname"]: int(row["scur"]) for row in rows if row["svname"] in self.edges}

    def _sockets(self) -> dict[str, int]:
        """What the kernel says."""
        ports = {self.port(name): name for name in self.edges}
        counts = dict.fromkeys(self.edges, 0)
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            name = ports.get(int(local.split(":")[1], 16))
            if name and state == ESTABLISHED:
                counts[name] += 1
        return counts

    async def until(self, condition: Callable[[dict[str, int]], bool]) -> None:
        """Waits for a state of `connections()`."""
        async with asyncio.timeout(20):
            while not condition(self.connections()):
                await asyncio.sleep(0.02)

    async def no_connections(self) -> None:
        await self.until(lambda counts: not any(counts.values()))

    def _run(self, command: str, *arguments: str) -> None:
        subprocess.run([SCRIPT, command, "--state", self.state, *arguments], check=True, timeout=100)


def refuses_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
