import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import HUBBUB, ROOT, Cluster

CLUSTERS = ROOT / ".build/test-clusters"


def pytest_sessionstart() -> None:
    assert HUBBUB.exists(), f"no {HUBBUB}; 'swift build --build-tests' makes it"


def started(name: str, *arrangement: str, options: tuple[str, ...] = ()) -> Iterator[Cluster]:
    cluster = Cluster(CLUSTERS / name)
    shutil.rmtree(cluster.state, ignore_errors=True)
    cluster.up(*arrangement, "--", "--model", "synthetic", "--ask-deadline", "8s", *options)
    yield cluster
    cluster.down()


@pytest.fixture(scope="session")
def mixed_nodes() -> Iterator[Cluster]:
    yield from started("mixed", "--nodes", "3")


@pytest.fixture(scope="session")
def split_nodes() -> Iterator[Cluster]:
    yield from started("split", "--nodes", "0", "--edges", "2", "--workers", "1")


@pytest.fixture
def two_workers() -> Iterator[Cluster]:
    """An edge, and two workers of which either can answer."""
    yield from started("workers", "--nodes", "0", "--edges", "1", "--workers", "2")


@pytest.fixture
def cluster(mixed_nodes: Cluster) -> Iterator[Cluster]:
    """Three nodes, each of which takes connections and produces replies."""
    yield mixed_nodes
    mixed_nodes.heal()


@pytest.fixture
def split_cluster(split_nodes: Cluster) -> Iterator[Cluster]:
    """Two edges and a worker: every chunk comes through Redis."""
    yield split_nodes
    split_nodes.heal()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    directory = ROOT / ".build/screenshots"
    directory.mkdir(parents=True, exist_ok=True)
    return directory
