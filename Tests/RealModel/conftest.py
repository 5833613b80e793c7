"""A model of 135 million parameters behind an OpenAI-compatible server, and a node that asks it."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve import Server, serving

PLACE = Path(os.environ["REAL_MODEL"])
KEY = "a-key-of-the-tests"


class ModelServer:
    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        [weights] = (PLACE / "weights").rglob("*.gguf")
        # One thread: more of them spin while they wait, and take the cores from the node.
        command = [
            PLACE / "venv/bin/python", "-m", "llama_cpp.server", "--model", weights, "--model_alias", "smollm2",
            "--host", "127.0.0.1", "--port", str(self.port), "--n_ctx", "2048", "--n_threads", "1",
            "--n_threads_batch", "1", "--interrupt_requests", "false", "--api_key", KEY,
        ]  # fmt: skip
        self.log = (PLACE / "server.log").open("wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self._until_ready()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def _until_ready(self) -> None:
        deadline = time.monotonic() + 60
        request = urllib.request.Request(f"{self.url}/models", headers={"Authorization": f"Bearer {KEY}"})
        while True:
            assert self.process.poll() is None and time.monotonic() < deadline, "the model's server did not start"
            try:
                return urllib.request.urlopen(request, timeout=5).close()
            except urllib.error.URLError:
                time.sleep(0.1)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture
def model() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.kill()


@pytest.fixture
def node(model: ModelServer) -> Iterator[Server]:
    with serving("--port", "0", OPENAI_BASE_URL=model.url, OPENAI_API_KEY=KEY, OPENAI_MODEL="smollm2") as server:
        yield server
