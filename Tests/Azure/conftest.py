import pytest
from fake_azure import FakeAzure, self_signed
from side_by_side import SideBySide


@pytest.fixture(scope="session")
def fake(tmp_path_factory):
    fake = FakeAzure(tmp_path_factory.mktemp("azure"))
    yield fake
    fake.close()


@pytest.fixture(scope="session")
def application():
    """The key and the certificate of an application."""
    return self_signed("application")


@pytest.fixture
def both(fake, application):
    fake.reset()
    return SideBySide(fake, application[1])


@pytest.fixture
def tools(tmp_path):
    """Writes programs named as those of developers, and gives the variables by which they are found."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def write(**scripts):
        for name, script in scripts.items():
            file = folder / name
            file.write_text(f"#!/bin/sh\n{script}\n")
            file.chmod(0o755)
        return {"PATH": f"{folder}:/usr/bin:/bin"}

    return write
