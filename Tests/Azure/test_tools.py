"""The tools of developers, as scripts that keep their arguments."""

import json
import os
import time

import pytest

KEEP = """printf '%s\\n' "$PWD" "$AZURE_CORE_NO_COLOR" "$NO_COLOR" "$@" > "$HOME/arguments" """
AZ = json.dumps({"accessToken": "of-az", "expiresOn": "2030-03-17 17:46:40.000000", "expires_on": 1900000000})
OLD_AZ = json.dumps({"accessToken": "of-az", "expiresOn": "2030-07-17 17:46:40.000000"})
AZD = json.dumps({"token": "of-azd", "expiresOn": "2030-03-17T17:46:40Z"})


@pytest.fixture
def same_arguments(both, tools, tmp_path):
    def run(tool, script, **options):
        variables = tools(**{tool: f"{KEEP}\n{script}"}) | {"HOME": str(tmp_path)}
        arguments = []
        for each in (both.reference, both.probe):
            (tmp_path / "arguments").unlink(missing_ok=True)
            outcome = each(variables, {"az": "cli"}.get(tool, tool), **options).outcome
            assert outcome["outcome"] == "token", outcome
            arguments.append((tmp_path / "arguments").read_text())
        assert arguments[1] == arguments[0]
        return outcome

    return run


def test_az(same_arguments):
    assert same_arguments("az", f"echo '{AZ}'")["expiresOn"] == 1900000000
    same_arguments("az", f"echo '{AZ}'", tenant_id="tenant-1")


def test_azd(same_arguments):
    # Which azure-identity takes for local time.
    assert same_arguments("azd", f"echo '{AZD}'", scopes=["a", "b"], tenant_id="tenant-1")["expiresOn"] == 1900000000
    same_arguments("azd", f"echo '{AZD}'", claims='{"a":1}')


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_an_az_that_tells_local_time(both, tools, zone):
    variables = tools(az=f"echo '{OLD_AZ}'") | {"TZ": zone}
    before = os.environ.get("TZ")
    try:
        os.environ["TZ"] = zone
        time.tzset()
        both.same(variables, "cli")
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@pytest.mark.parametrize(
    "script",
    [
        "echo 'Please run az login' >&2; exit 1",
        "echo 'run az account set' >&2; exit 1",
        "echo 'AADSTS1: az login' >&2; exit 1",
        "exit 1",
        "exit 127",
        "echo nonsense",
        "echo '{\"accessToken\": \"of-az\"}'",
    ],
)
def test_what_az_may_answer_instead(both, tools, script):
    run = both.same(tools(az=script), "cli")
    assert run.outcome["outcome"] != "token"
    assert "of-az" not in run.outcome["description"]


@pytest.mark.parametrize(
    "script",
    [
        "echo 'ERROR: not logged in, run `azd auth login` to login' >&2; exit 1",
        "echo 'unknown flag: --claims' >&2; exit 1",
        'echo \'{"error":"new words"}\' >&2; exit 1',
        "exit 1",
        "exit 127",
        "echo nonsense",
    ],
)
def test_what_azd_may_answer_instead(both, tools, script):
    assert both.same(tools(azd=script), "azd").outcome["outcome"] != "token"


def test_without_a_tool(both, tmp_path):
    for credential in ("cli", "azd"):
        assert both.same({"PATH": str(tmp_path)}, credential).outcome["outcome"] == "unavailable"


def test_claims_are_for_who_logs_in(both, tools):
    run = both.same(tools(az=f"echo '{AZ}'"), "cli", claims='{"a":1}')
    assert run.outcome["outcome"] == "unavailable"
    assert "az login --claims-challenge eyJhIjoxfQ==" in run.outcome["description"]
