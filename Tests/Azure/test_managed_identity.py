"""The identities that Azure gives to hosts."""

import time

import pytest
from side_by_side import RESOURCE

DAY = 86399


@pytest.fixture
def imds(fake):
    return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": f"{fake.http}/imds/"}


@pytest.fixture
def app_service(fake):
    return {"IDENTITY_ENDPOINT": f"{fake.http}/appservice/token", "IDENTITY_HEADER": "header-1"}


@pytest.fixture
def azure_ml(fake):
    return {"MSI_ENDPOINT": f"{fake.http}/ml/token", "MSI_SECRET": "secret-1"}


@pytest.fixture
def service_fabric(fake):
    return {
        "IDENTITY_ENDPOINT": f"{fake.https}/fabric/token",
        "IDENTITY_HEADER": "header-1",
        "IDENTITY_SERVER_THUMBPRINT": fake.thumbprint,
    }


IDENTITIES = [{}, {"client_id": "c-1"}, {"object_id": "o-1"}, {"resource_id": "/subscriptions/s/x y"}]


# Azure ML documents no other id than `clientid`.
@pytest.mark.parametrize(
    "source, identity",
    [
        *(("imds", identity) for identity in IDENTITIES),
        *(("app_service", identity) for identity in IDENTITIES),
        *(("azure_ml", identity) for identity in IDENTITIES[:2]),
    ],
)
def test_which_identity(both, request, source, identity):
    run = both.same(request.getfixturevalue(source), "managed", **identity)
    assert run.token.endswith(f":{RESOURCE}")
    assert len(run.requests) == 1


@pytest.mark.parametrize("source", ["imds", "app_service", "azure_ml", "service_fabric"])
def test_is_renewed_in_the_second_half_of_a_day(both, request, source):
    run = both.same(request.getfixturevalue(source), "managed", times=2)
    assert len(run.requests) == 1
    assert abs(run.outcome["refreshOn"] - time.time() - DAY / 2) < 10


def test_cloud_shell(both, fake):
    run = both.same({"MSI_ENDPOINT": f"{fake.http}/shell/token"}, "managed")
    assert run.requests[0]["method"] == "POST"
    assert run.requests[0]["form"] == {"resource": RESOURCE}
    assert run.token == f"shell:{RESOURCE}"


def test_cloud_shell_has_one_identity(both, fake):
    run = both.same({"MSI_ENDPOINT": f"{fake.http}/shell/token"}, "managed", client_id="c-1")
    assert run.outcome["outcome"] == "configuration" and run.requests == []


def test_service_fabric(both, service_fabric):
    run = both.same(service_fabric, "managed")
    assert run.requests[0]["headers"] == {"secret": "header-1"}
    assert run.token == f"fabric:{RESOURCE}"


@pytest.mark.parametrize("thumbprint", ["00" * 20, "", "nonsense"])
def test_service_fabric_with_another_certificate(both, service_fabric, thumbprint):
    variables = service_fabric | {"IDENTITY_SERVER_THUMBPRINT": thumbprint}
    if thumbprint:
        run = both.same(variables, "managed")
    else:
        # Then it is App Service, over TLS.
        run = both.probe(variables, "managed")
        assert run.requests[0]["headers"].get("x-identity-header") == "header-1"
    assert run.outcome["outcome"] in ("failed", "unavailable")
    assert "header-1" not in run.outcome["description"]


def test_service_fabric_has_one_identity(both, service_fabric):
    run = both.same(service_fabric, "managed", client_id="c-1")
    assert run.outcome["outcome"] == "failed" and run.requests == []


def test_an_endpoint_alone(both, fake):
    run = both.same({"IDENTITY_ENDPOINT": f"{fake.http}/appservice/token"}, "managed")
    assert run.outcome["outcome"] == "unavailable" and run.requests == []


def test_which_source_goes_first(both, app_service, azure_ml, imds):
    assert both.same(app_service | azure_ml | imds, "managed").token.startswith("appservice:")
    assert both.same(azure_ml | imds, "managed").token.startswith("ml:")


def test_workload_identity_where_kubernetes_has_set_it(both, fake, tmp_path):
    file = tmp_path / "token"
    file.write_text("platform-token")
    both.certificate = None
    variables = {
        "AZURE_AUTHORITY_HOST": fake.https,
        "AZURE_TENANT_ID": "tenant-1",
        "AZURE_CLIENT_ID": "app-1",
        "AZURE_FEDERATED_TOKEN_FILE": str(file),
    }
    reference = both.reference(variables, "managed", client_id="app-2")
    ours = both.probe(variables, "managed", client_id="app-2")
    # azure-identity asks Microsoft's own host here whether it knows the authority, unless it is told not to.
    assert reference.outcome["outcome"] in ("configuration", "failed", "token")
    assert ours.requests[0]["form"]["client_id"] == "app-2"
    assert ours.requests[0]["form"]["client_assertion"] == "platform-token"


@pytest.mark.parametrize(
    "path, answer",
    [
        ("appservice/token", (400, {"statusCode": 400, "message": "no such identity"})),
        ("appservice/token", (200, "<html>")),
        ("metadata/identity/oauth2/token", (400, {"error": "invalid_request", "error_description": "Identity not found"})),
        ("metadata/identity/oauth2/token", (403, "A socket operation was attempted to an unreachable network")),
        ("metadata/identity/oauth2/token", (200, "<html>")),
    ],
)
def test_what_it_may_answer_instead(both, app_service, imds, path, answer):
    variables = app_service if path.startswith("app") else imds
    run = both.same(variables, "managed", scripted={path: [answer]})
    assert run.outcome["outcome"] != "token"
    assert len(run.requests) == 1


def test_imds_is_asked_again(both, imds):
    path = "metadata/identity/oauth2/token"
    good = (200, {"access_token": "t", "expires_in": "3600", "token_type": "Bearer"})
    for status in (404, 410, 429, 503):
        run = both.same(imds, "managed", scripted={path: [(status, {}), good]})
        assert len(run.requests) == 2


def test_takes_one_scope(both, imds):
    run = both.same(imds, "managed", scopes=["a/.default", "b/.default"])
    assert run.outcome["outcome"] == "failed" and run.requests == []
