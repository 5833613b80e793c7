"""Applications that prove to Entra who they are."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from fake_azure import self_signed, write_pem
from side_by_side import SCOPE


@pytest.fixture
def application_variables(fake):
    return {"AZURE_AUTHORITY_HOST": fake.https, "AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "app-1"}


def test_secret(both, application_variables):
    variables = application_variables | {"AZURE_CLIENT_SECRET": "S~ecret +/=&é"}
    run = both.same(variables, "environment")
    [request] = run.requests
    assert request["path"] == "/tenant-1/oauth2/v2.0/token"
    assert request["form"]["client_secret"] == "S~ecret +/=&é"
    assert run.token == f"entra-tenant-1:{SCOPE}"
    assert run.outcome["refreshOn"]


def test_claims_and_several_scopes(both, application_variables):
    variables = application_variables | {"AZURE_CLIENT_SECRET": "s"}
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
    run = both.same(variables, "environment", scopes=["a/.default", "b/.default"], claims=claims)
    assert run.requests[0]["form"]["scope"] == "a/.default b/.default"
    assert run.requests[0]["form"]["claims"] == json.loads(claims)


def test_claims_of_a_program_that_handles_challenges(both, application_variables):
    variables = application_variables | {"AZURE_CLIENT_SECRET": "s"}
    run = both.same(variables, "environment", cae=True, times=2)
    assert run.requests[0]["form"]["claims"] == {"access_token": {"xms_cc": {"values": ["CP1"]}}}
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}},"x":[1,null,"a"]}'
    run = both.same(variables, "environment", cae=True, claims=claims)
    assert set(run.requests[0]["form"]["claims"]["access_token"]) == {"nbf", "xms_cc"}


def test_a_wrong_secret(both, application_variables):
    run = both.same(application_variables | {"AZURE_CLIENT_SECRET": "wrong-secret"}, "environment")
    assert run.outcome["outcome"] == "failed"
    assert "AADSTS7000215" in run.outcome["description"]
    assert "wrong-secret" not in run.outcome["description"]


def test_the_token_is_kept(both, application_variables):
    variables = application_variables | {"AZURE_CLIENT_SECRET": "s"}
    assert len(both.same(variables, "environment", times=3).requests) == 1


def test_another_tenant(both, application_variables):
    variables = application_variables | {"AZURE_CLIENT_SECRET": "s"}
    run = both.same(variables, "environment", tenant_id="tenant-2")
    assert run.outcome["outcome"] == "failed" and run.requests == []
    run = both.same(variables | {"AZURE_IDENTITY_DISABLE_MULTITENANTAUTH": "1"}, "environment", tenant_id="tenant-2")
    assert run.requests[0]["path"] == "/tenant-1/oauth2/v2.0/token"


def test_entra_is_busy_once(both, application_variables):
    scripted = {"/oauth2/v2.0/token": [(503, "busy"), (200, {"access_token": "t", "expires_in": 3600})]}
    run = both.same(application_variables | {"AZURE_CLIENT_SECRET": "s"}, "environment", scripted=scripted)
    assert len(run.requests) == 2


@pytest.mark.parametrize(
    "variables", [{"AZURE_AUTHORITY_HOST": "http://127.0.0.1:1"}, {"AZURE_TENANT_ID": "no/tenant"}]
)
def test_what_is_refused_at_once(both, application_variables, variables):
    run = both.same(application_variables | {"AZURE_CLIENT_SECRET": "s"} | variables, "environment")
    assert run.outcome["outcome"] == "configuration"


def test_nothing_is_told_to_whom_nobody_vouches_for(both, fake, application_variables, monkeypatch, tmp_path):
    monkeypatch.setattr(fake, "ca_file", write_pem(tmp_path / "other.pem", *self_signed("other")))
    run = both.probe(application_variables | {"AZURE_CLIENT_SECRET": "s"}, "environment")
    assert run.outcome["outcome"] == "failed" and run.requests == []
    assert "is not trusted" in run.outcome["description"]


def test_a_redirect_is_not_followed(both, fake, application_variables):
    fake.script("/oauth2/v2.0/token", (307, "", {"location": f"{fake.https}/elsewhere"}))
    run = both.probe(application_variables | {"AZURE_CLIENT_SECRET": "s"}, "environment")
    assert run.outcome["outcome"] == "failed"
    assert [request["path"] for request in run.requests] == ["/tenant-1/oauth2/v2.0/token"]


def test_an_answer_without_end(both, fake, application_variables):
    fake.script("/oauth2/v2.0/token", (200, {"access_token": "t" * 300_000, "expires_in": 3600}))
    run = both.probe(application_variables | {"AZURE_CLIENT_SECRET": "s"}, "environment")
    assert run.outcome["outcome"] == "failed"
    assert "more than it should" in run.outcome["description"]


@pytest.mark.parametrize("form", ["pem", "locked pem", "pkcs12", "locked pkcs12"])
@pytest.mark.parametrize("sends_chain", [False, True])
def test_certificate(both, application, application_variables, tmp_path, form, sends_chain):
    key, certificate = application
    password = "hunter2" if "locked" in form else None
    file = tmp_path / "application"
    if "pem" in form:
        write_pem(file, key, certificate, password)
    else:
        encryption = (
            serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
        )
        file.write_bytes(pkcs12.serialize_key_and_certificates(b"app", key, certificate, None, encryption))
    variables = application_variables | {"AZURE_CLIENT_CERTIFICATE_PATH": str(file)}
    if password:
        variables["AZURE_CLIENT_CERTIFICATE_PASSWORD"] = password
    if sends_chain:
        variables["AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"] = "true"
    run = both.same(variables, "environment")
    [request] = run.requests
    assert request["form"]["client_assertion"]["iss"] == "app-1"
    assert bool(request["form"]["client_assertion"]["x5c"]) == sends_chain


def test_a_certificate_that_is_none(both, application_variables, tmp_path):
    file = tmp_path / "application"
    for content in (b"nonsense", b""):
        file.write_bytes(content)
        run = both.same(application_variables | {"AZURE_CLIENT_CERTIFICATE_PATH": str(file)}, "environment")
        assert run.outcome["outcome"] == "configuration"


def test_the_secret_goes_before_the_certificate(both, application_variables):
    variables = {"AZURE_CLIENT_SECRET": "s", "AZURE_CLIENT_CERTIFICATE_PATH": "/nowhere"}
    assert "client_secret" in both.same(application_variables | variables, "environment").requests[0]["form"]


def test_workload(both, application_variables, tmp_path):
    file = tmp_path / "token"
    file.write_text("platform-token")
    both.certificate = None
    run = both.same(application_variables | {"AZURE_FEDERATED_TOKEN_FILE": str(file)}, "workload")
    assert run.requests[0]["form"]["client_assertion"] == "platform-token"


def test_a_workload_without_its_file(both, application_variables):
    run = both.same(application_variables | {"AZURE_FEDERATED_TOKEN_FILE": "/nowhere"}, "workload")
    assert run.outcome["outcome"] == "failed" and run.requests == []
    assert both.same(application_variables, "workload").outcome["outcome"] == "configuration"
