"""What needs a machine of its own: IMDS at its address, and Azure Arc's folder of keys."""

import isolated
import pytest
from side_by_side import RESOURCE

pytestmark = pytest.mark.skipif(not isolated.is_possible(), reason="needs namespaces (unshare)")

ARC = {"IDENTITY_ENDPOINT": "HTTP/arc/token", "IMDS_ENDPOINT": "HTTP/arc"}
KEY = {"challenge.key": "arc-key"}
TOOLS = {"PATH": "/nowhere"}


def test_a_chain_looks_whether_imds_is_there():
    run = isolated.run(environment=TOOLS, credential="default", has_imds=True)
    assert run["outcome"]["token"] == f"imds:{RESOURCE}"
    assert [request["headers"] for request in run["requests"]] == [{}, {"metadata": "true"}]


def test_one_credential_does_not_look():
    run = isolated.run(environment={}, credential="managed", has_imds=True)
    assert [request["headers"] for request in run["requests"]] == [{"metadata": "true"}]
    variables = {"AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"}
    run = isolated.run(environment=variables, credential="default", has_imds=True)
    assert [request["headers"] for request in run["requests"]] == [{"metadata": "true"}]


def test_where_imds_is_not():
    run = isolated.run(environment=TOOLS, credential="default")
    assert run["outcome"]["attempts"][2] == "ManagedIdentityCredential"


def test_where_a_proxy_answers_for_it():
    answer = [403, "connecting to 169.254.169.254:80: A socket operation was attempted to an unreachable network."]
    run = isolated.run(
        environment=TOOLS,
        credential="default",
        has_imds=True,
        scripted={"/metadata/identity/oauth2/token": [answer]},
        # azure-identity looks for that word in JSON alone, and asks again before it gives up.
        same_requests=False,
    )
    assert len(run["requests"]) == 1
    assert run["outcome"]["attempts"][-1] == "AzureDeveloperCliCredential"


@pytest.mark.parametrize("identity", [{}, {"client_id": "c-1"}, {"resource_id": "/subscriptions/s"}])
def test_arc(identity):
    run = isolated.run(environment=ARC, credential="managed", keys=KEY, **identity)
    assert run["outcome"]["token"] == f"arc:{RESOURCE}"
    assert [request["headers"].get("authorization") for request in run["requests"]] == [None, "Basic arc-key"]


def test_an_arc_whose_variables_are_not_set():
    run = isolated.run(environment={}, credential="managed", keys=KEY, has_arc_agent=True)
    assert run["outcome"]["token"] == f"arc:{RESOURCE}"


def test_an_arc_that_knows_no_such_identity():
    run = isolated.run(environment=ARC, credential="managed", keys=KEY, object_id="o-1")
    assert run["outcome"]["outcome"] == "failed"


@pytest.mark.parametrize("keys", [{}, {"challenge.key": "k" * 4097}])
def test_an_arc_without_its_key(keys):
    run = isolated.run(environment=ARC, credential="managed", keys=keys)
    assert run["outcome"]["outcome"] == "failed"
    assert len(run["requests"]) == 1


def test_an_arc_that_wants_another_file():
    challenge = [401, {}, {"www-authenticate": "Basic realm=/etc/hostname.key"}]
    run = isolated.run(environment=ARC, credential="managed", keys=KEY, scripted={"arc/token": [challenge]})
    assert run["outcome"]["outcome"] == "failed"
    assert len(run["requests"]) == 1
