"""A single `hubbub serve`, without the cluster."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Timer
from typing import IO

from cluster import HUBBUB

LISTENING = "Now listening on: "
NOT_PASSED_ON = ("HUBBUB_", "OPENAI_", "AZURE_")


class Server:
    def __init__(self, process: subprocess.Popen, url: str) -> None:
        self.process, self.url = process, url

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


def serving(
    *arguments: str, log: IO | int = subprocess.DEVNULL, **environment: str
) -> AbstractContextManager[Server]:
    """`log` gets what the server logs."""
    return listening(HUBBUB, "serve", *arguments, log=log, environment=clean(environment))


@contextmanager
def listening(
    *command: str | Path, log: IO | int | None = None, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """Any server that says where it listens."""
    process = subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=log, start_new_session=True
    )
    too_late = Timer(30, process.kill)
    too_late.start()
    try:
        line = process.stdout.readline().rstrip("\n")
        assert line.startswith(LISTENING), f"printed {line!r}, exit code {process.poll()}"
        too_late.cancel()
        yield Server(process, line.removeprefix(LISTENING))
    finally:
        too_late.cancel()
        process.kill()
        process.wait()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """For what should end by itself."""
    return subprocess.run(
        [HUBBUB, "serve", *arguments], env=clean(environment), text=True, capture_output=True, timeout=30
    )


def assert_refused(ended: subprocess.CompletedProcess, name: str) -> None:
    """It ended with one line that says which option is wrong."""
    assert ended.returncode != 0
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert name.lower().replace("-", "_") in line.lower().replace("-", "_")


def clean(environment: dict[str, str]) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(NOT_PASSED_ON)}
    return inherited | environment
