import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import CONFORMANCE_SERVER, HUBBUB, ROOT, Cluster
from serve import LISTENING, listening

CLUSTERS = ROOT / ".build/test-clusters"


def pytest_sessionstart() -> None:
    assert HUBBUB.exists(), f"no {HUBBUB}; 'swift build --build-tests' makes it"


def started(
    name: str, *arrangement: str, options: tuple[str, ...] = (), balancer: str = "nginx"
) -> Iterator[Cluster]:
    cluster = Cluster(CLUSTERS / name, balancer)
    shutil.rmtree(cluster.state, ignore_errors=True)
    cluster.up(*arrangement, "--", "--model", "synthetic", "--ask-deadline", "8s", *options)
    yield cluster
    cluster.start("redis")
    refused = cluster.redis("ACL", "LOG")
    cluster.down()
    assert not refused.strip(), f"deploy/redis/users.acl.template lacks something:\n{refused}"


MIXED = "--nodes", "3"
SPLIT = "--nodes", "0", "--edges", "2", "--workers", "1"


@pytest.fixture(scope="session")
def mixed_nodes_nginx() -> Iterator[Cluster]:
    yield from started("mixed", *MIXED)


@pytest.fixture(scope="session")
def mixed_nodes_haproxy() -> Iterator[Cluster]:
    yield from started("mixed-haproxy", *MIXED, balancer="haproxy")


@pytest.fixture(scope="session")
def split_nodes_nginx() -> Iterator[Cluster]:
    yield from started("split", *SPLIT)


@pytest.fixture(scope="session")
def split_nodes_haproxy() -> Iterator[Cluster]:
    yield from started("split-haproxy", *SPLIT, balancer="haproxy")


@pytest.fixture
def two_workers() -> Iterator[Cluster]:
    """An edge, and two workers of which either can answer."""
    yield from started("workers", "--nodes", "0", "--edges", "1", "--workers", "2")


@pytest.fixture
def balancer() -> str:
    """What clients connect through. A module that has to pass behind both is parametrized with them."""
    return "nginx"


@pytest.fixture
def cluster(request: pytest.FixtureRequest, balancer: str) -> Iterator[Cluster]:
    """Three nodes, each of which takes connections and produces replies."""
    nodes = request.getfixturevalue(f"mixed_nodes_{balancer}")
    yield nodes
    nodes.heal()


@pytest.fixture
def split_cluster(request: pytest.FixtureRequest, balancer: str) -> Iterator[Cluster]:
    """Two edges and a worker: every chunk comes through Redis."""
    nodes = request.getfixturevalue(f"split_nodes_{balancer}")
    yield nodes
    nodes.heal()


@pytest.fixture(scope="session")
def conformance_server() -> Iterator[str]:
    """The URL of one server, without Redis."""
    with listening(CONFORMANCE_SERVER) as server:
        yield server.url


@pytest.fixture(scope="session")
def conformance_secure_server() -> Iterator[str]:
    """The https URL of one server."""
    with listening(CONFORMANCE_SERVER, "--https-port", "0") as server:
        urls = server.url, server.process.stdout.readline().removeprefix(LISTENING).rstrip("\n")
        yield next(url for url in urls if url.startswith("https:"))


@pytest.fixture(scope="session")
def conformance_cluster() -> Iterator[Cluster]:
    """Three servers behind nginx and HAProxy."""
    cluster = Cluster(CLUSTERS / "conformance")
    shutil.rmtree(cluster.state, ignore_errors=True)
    cluster.up("--nodes", "3", "--haproxy-port", "0", binary=CONFORMANCE_SERVER)
    yield cluster
    cluster.down()


@pytest.fixture(params=["alone", "nginx", "haproxy"])
def url(request: pytest.FixtureRequest) -> str:
    """Where a conformance server is reached: a test of clients has to pass at each."""
    if request.param == "alone":
        return request.getfixturevalue("conformance_server")
    return request.getfixturevalue("conformance_cluster").url(request.param)


@pytest.fixture(scope="session")
def screenshots() -> Path:
    directory = ROOT / ".build/screenshots"
    directory.mkdir(parents=True, exist_ok=True)
    return directory
