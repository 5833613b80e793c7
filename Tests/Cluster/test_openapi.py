"""The management API does what its OpenAPI document says: schemathesis makes requests of it, right and wrong, and compares."""

import os
import subprocess

from cluster import ROOT
from serve import serving

KEY = "a key that nobody guesses"
SCHEMATHESIS = ROOT / ".build/venv/bin/schemathesis"
OPTIONS = ["--checks", "all", "--max-examples", "20", "--seed", "1", "--no-color", "--continue-on-failure"]


def test_api_is_as_it_is_described() -> None:
    with serving("--port", "0", "--model", "echo", "--management-key", KEY) as server:
        run = subprocess.run(
            [SCHEMATHESIS, "--config-file", ROOT / "Tests/Cluster/schemathesis.toml", "run"]
            + [f"{server.url}/api/openapi.json", *OPTIONS],
            # It keeps what it has found where it runs.
            cwd=ROOT / ".build",
            env=os.environ | {"MANAGEMENT_KEY": KEY},
            text=True,
            capture_output=True,
            timeout=120,
        )
    assert run.returncode == 0, run.stdout + run.stderr
