"""Which credential the default chain takes."""

import json

import pytest
from side_by_side import RESOURCE, SCOPE

AZ_TOKEN = json.dumps({"accessToken": "of-az", "expires_on": 1900000000, "tokenType": "Bearer"})
AZD_TOKEN = json.dumps({"token": "of-azd", "expiresOn": "2030-03-17T17:46:40Z"})


@pytest.fixture
def principal(fake):
    return {
        "AZURE_AUTHORITY_HOST": fake.https,
        "AZURE_TENANT_ID": "tenant-1",
        "AZURE_CLIENT_ID": "app-1",
        "AZURE_CLIENT_SECRET": "s",
    }


@pytest.fixture
def imds(fake):
    return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": f"{fake.http}/imds"}


@pytest.fixture
def no_identity(fake):
    """A host of Azure's without an identity."""
    return {"IDENTITY_ENDPOINT": f"{fake.http}/appservice/token", "IDENTITY_HEADER": "of another"}


def test_the_environment_goes_first(both, principal, imds, tools):
    run = both.same(principal | imds | tools(az=f"echo '{AZ_TOKEN}'"), "default", times=2)
    assert run.token == f"entra-tenant-1:{SCOPE}"
    assert len(run.requests) == 1


def test_then_the_workload(both, principal, imds, tmp_path):
    file = tmp_path / "token"
    file.write_text("platform-token")
    both.certificate = None
    del principal["AZURE_CLIENT_SECRET"]
    run = both.same(principal | imds | {"AZURE_FEDERATED_TOKEN_FILE": str(file)}, "default")
    assert run.requests[0]["form"]["client_assertion"] == "platform-token"


def test_then_the_managed_identity(both, imds, tools):
    run = both.same(imds | tools(az=f"echo '{AZ_TOKEN}'"), "default", times=2)
    assert run.token == f"imds:{RESOURCE}"
    assert len(run.requests) == 1


def test_which_a_leftover_client_id_hides(both, imds, tools):
    """A service principal's id is taken for that of an identity, which IMDS does not know."""
    run = both.same(imds | {"AZURE_CLIENT_ID": "unknown-1"} | tools(az=f"echo '{AZ_TOKEN}'"), "default")
    assert run.token == "of-az"
    assert run.requests[0]["query"]["client_id"] == "unknown-1"


def test_then_az(both, no_identity, tools):
    run = both.same(no_identity | tools(az=f"echo '{AZ_TOKEN}'", azd=f"echo '{AZD_TOKEN}'"), "default")
    assert run.token == "of-az"


@pytest.mark.parametrize("az", ["exit 1", "echo 'AADSTS50076: az login' >&2; exit 1", "echo nonsense", "exit 127"])
def test_then_azd_whatever_az_says(both, no_identity, tools, az):
    variables = no_identity | {"TZ": "UTC"} | tools(az=az, azd=f"echo '{AZD_TOKEN}'")
    assert both.same(variables, "default").token == "of-azd"


def test_and_in_the_end_all_are_named(both, no_identity, tools):
    run = both.same(no_identity | tools(az="exit 1"), "default")
    assert run.outcome["attempts"] == [
        "EnvironmentCredential",
        "WorkloadIdentityCredential",
        "ManagedIdentityCredential",
        "AzureCliCredential",
        "AzureDeveloperCliCredential",
    ]
    assert "of another" not in run.outcome["description"]


def test_a_wrong_secret_ends_the_search(both, principal, imds, tools):
    variables = principal | imds | {"AZURE_CLIENT_SECRET": "wrong-secret"} | tools(az=f"echo '{AZ_TOKEN}'")
    run = both.same(variables, "default")
    assert run.outcome["attempts"] == ["EnvironmentCredential"]
    assert len(run.requests) == 1
    assert "wrong-secret" not in run.outcome["description"]


def test_so_does_a_source_that_answers_nonsense(both, no_identity, tools):
    run = both.same(
        no_identity | tools(az=f"echo '{AZ_TOKEN}'"), "default", scripted={"appservice/token": [(200, "<html>")]}
    )
    assert run.outcome["attempts"][-1] == "ManagedIdentityCredential"


@pytest.mark.parametrize(
    "value, token",
    [
        ("prod", f"imds:{RESOURCE}"),
        (" DEV ", "of-az"),
        ("AzureDeveloperCliCredential", "of-azd"),
        ("managedidentitycredential", f"imds:{RESOURCE}"),
        ("EnvironmentCredential", None),
        ("WorkloadIdentityCredential", None),
    ],
)
def test_the_variable_narrows_it(both, imds, tools, value, token):
    variables = imds | {"AZURE_TOKEN_CREDENTIALS": value, "TZ": "UTC"}
    variables |= tools(az=f"echo '{AZ_TOKEN}'", azd=f"echo '{AZD_TOKEN}'")
    run = both.same(variables, "default")
    assert run.outcome.get("token") == token


@pytest.mark.parametrize("value", ["production", "dev,prod", "environment"])
def test_the_variable_has_to_be_right(both, imds, value):
    run = both.same(imds | {"AZURE_TOKEN_CREDENTIALS": value}, "default")
    assert run.outcome["outcome"] == "configuration" and run.requests == []


def test_what_is_excluded(both, principal, imds, tools):
    variables = principal | imds | tools(az=f"echo '{AZ_TOKEN}'")
    run = both.same(variables, "default", exclude=["environment", "managed_identity"])
    assert run.token == "of-az" and run.requests == []
